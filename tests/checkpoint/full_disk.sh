# full_disk.sh PROGRAM: saves to a disk of one MiB that is full, and of files that are too large.
set -eu
rm -rf limited
"$1" limited LIMIT-ONLY

# A mount that goes with the process that makes it. Without root a namespace of users allows it, where the system allows that.
on_disk="mount -t tmpfs -o size=1m,nr_inodes=300 runhook . && cd . && cd \"\$PWD\" && exec \"\$0\" \"\$PWD\" DISK"
rm -rf disk
mkdir disk
cd disk
if unshare --mount --map-root-user true 2>/dev/null; then
  unshare --mount --map-root-user sh -c "$on_disk" "$1"
elif unshare --mount true 2>/dev/null; then
  unshare --mount sh -c "$on_disk" "$1"
else
  echo "full disk: SKIPPED, since this system lets nobody but root mount one"
fi
