# build.sh SOURCE: what it costs to compile the library, how large it is, and what its C++ headers cost a file that includes
# one. RUNHOOK_COMPARE_WITH in the environment is another checkout, built in the same run: seconds of different machines
# cannot be compared. CMAKE, CC and CXX are from there, too; everything is built in the current folder, without ccache.
set -eu
export CCACHE_DISABLE=1
unset CMAKE_C_COMPILER_LAUNCHER CMAKE_CXX_COMPILER_LAUNCHER

# What was measured before the library's build was made lighter: seconds of one machine that did nothing else, MiB, lines.
before_seconds=284.5 before_stripped=1.81 before_debug=13.2 before_monitored_session=58800 before_standard=49500

# cpu COMMAND...: the seconds of processor time, of user and system, that it and what it starts take.
cpu() {
  ("$@" >&2 && times) | tail -n 1 | sed 's/[ms]/ /g' | awk '{ printf "%.1f\n", $1 * 60 + $2 + $3 * 60 + $4 }'
}

# compile SOURCE BUILD [CMAKE-ARGUMENT...]: prints what cpu prints.
compile() {
  source=$1 build=$2
  shift 2
  rm -rf "$build"
  "$CMAKE" -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER="$CC" -DCMAKE_CXX_COMPILER="$CXX" \
    -DRUNHOOK_BUILD_TESTS=OFF -DRUNHOOK_BUILD_EXAMPLES=OFF -DRUNHOOK_BUILD_BENCH=OFF "$@" >&2
  cpu "$CMAKE" --build "$build" --target runhook runhook_static runhook_core
}

mib() { wc -c <"$1" | awk '{ printf "%.2f\n", $1 / 1048576 }'; }
ratio() { awk "BEGIN { printf \"%.2f\", $1 / $2 }"; }
row() { printf '| %s | %s | %s | %s |\n' "$@"; }

# lines SOURCE HEADER...: of a file that includes these, after preprocessing, those that are not empty.
lines() {
  include=$1/include
  shift
  for header; do
    printf '#include <%s>\n' "$header"
  done | "$CXX" -std=c++20 -E -P -I "$include" -x c++ - | grep -c .
}

# measured SOURCE BUILD: sets the figures of a checkout.
measured() {
  seconds=$(compile "$1" "$2")
  library=$2/capi/librunhook.so.1.0.0
  debug=$(mib "$library")
  strip -o "$2/stripped" "$library"
  stripped=$(mib "$2/stripped")
}

source=$1 other=${RUNHOOK_COMPARE_WITH-}
basis="before"
if [ -n "$other" ]; then
  measured "$other" other
  before_seconds=$seconds before_stripped=$stripped before_debug=$debug basis=$other
  before_monitored_session=$(lines "$other" runhook/monitored_session.hpp)
fi
measured "$source" normal
unity=$(compile "$source" unity -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=16)
standard=$(lines "$source" memory string vector optional functional)
monitored_session=$(lines "$source" runhook/monitored_session.hpp)

row what "$basis" now ratio
row --- --- --- ---
row 'the library, both forms: seconds of processor time' "$before_seconds" "$seconds" "$(ratio "$seconds" "$before_seconds")"
row 'the same, as a unity build' "$before_seconds" "$unity" "$(ratio "$unity" "$before_seconds")"
row 'shared library, stripped, MiB' "$before_stripped" "$stripped" "$(ratio "$stripped" "$before_stripped")"
row 'shared library with its debug information, MiB' "$before_debug" "$debug" "$(ratio "$debug" "$before_debug")"
row 'lines of monitored_session.hpp' "$before_monitored_session" "$monitored_session" \
  "$(ratio "$monitored_session" "$before_monitored_session")"
row 'lines of memory, string, vector, optional, functional' "$before_standard" "$standard" "$(ratio "$standard" "$before_standard")"

printf '\n'
row header lines 'more than the five standard ones' ''
row --- --- --- ---
for header in "$source"/include/runhook/*.hpp "$source"/include/runhook/hooks/*.hpp; do
  header=runhook/${header#"$source"/include/runhook/}
  count=$(lines "$source" "$header")
  row "$header" "$count" $((count - standard)) ''
done
