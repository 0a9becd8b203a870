# At run time the shared library needs the C++ runtime and libc, nothing else; its SONAME is the major version's.
set -eu
"$READELF" -d "$RUNHOOK_LIBRARY" >dynamic
sed -nE 's/.*\(NEEDED\).*\[(.*)\]/\1/p' dynamic >needed
cat needed
grep -q . needed
if grep -vE '^(libstdc\+\+|libm|libgcc_s|libc|ld-linux-[a-z0-9-]+)\.so\.[0-9]+$' needed; then
  echo "is needed and should not be"
  exit 1
fi
grep -q '(SONAME).*\[librunhook\.so\.1\]' dynamic || { echo "the SONAME is not librunhook.so.1"; exit 1; }
! grep -E '\((RPATH|RUNPATH|TEXTREL)\)' dynamic
