# consumer.sh WAY: installs the build to a folder of its own and builds and runs the programs of this folder against it.
set -eu
. "$SOURCE_DIR/tests/tools.sh"
here=$SOURCE_DIR/tests/consumer
rm -rf prefix elsewhere build* ./*.so ./program*

install_to() { "$CMAKE" --install "$BUILD_DIR" --prefix "$PWD/$1" >/dev/null; }

# build_and_test SOURCE BUILD [CMAKE-ARGUMENT...]
build_and_test() {
  source=$1 build=$2
  shift 2
  "$CMAKE" -S "$source" -B "$build" -G Ninja -DCMAKE_C_COMPILER="$CC" -DCMAKE_CXX_COMPILER="$CXX" "$@"
  "$CMAKE" --build "$build"
  (cd "$build" && "${CMAKE%cmake}ctest" --output-on-failure --no-tests=error)
}

case $1 in
  cmake)
    install_to prefix
    build_and_test "$here/package" build -DCMAKE_PREFIX_PATH="$PWD/prefix"
    # A language that is enabled further down counts from the beginning, so that this wants a project of its own.
    build_and_test "$here/package" build_c_only -DCMAKE_PREFIX_PATH="$PWD/prefix" -DCOMPONENTS=c -DC_ONLY=ON ;;
  moved) # the installed tree is of no fixed place
    install_to prefix
    mv prefix elsewhere
    ! grep -rlI -e "$PWD" -e "$SOURCE_DIR" -e "$BUILD_DIR" elsewhere || { echo "an installed file names a folder of the build"; exit 1; }
    build_and_test "$here/package" build -DCMAKE_PREFIX_PATH="$PWD/elsewhere" ;;
  components) # each component is complete without the other, and one that is not there is not found
    "$CMAKE" --install "$BUILD_DIR" --prefix "$PWD/prefix" --component c >/dev/null
    [ -e prefix/include/runhook/runhook.h ] && [ ! -e prefix/include/runhook/hook.hpp ]
    build_and_test "$here/package" build_c -DCMAKE_PREFIX_PATH="$PWD/prefix" -DCOMPONENTS=c
    if "$CMAKE" -S "$here/package" -B build_missing -G Ninja -DCMAKE_PREFIX_PATH="$PWD/prefix" -DCOMPONENTS=core >missing 2>&1; then
      echo "a component that is not installed was found"
      exit 1
    fi
    rm -r prefix
    "$CMAKE" --install "$BUILD_DIR" --prefix "$PWD/prefix" --component core >/dev/null
    [ ! -e prefix/include/runhook/runhook.h ] && [ -e prefix/include/runhook/hook.hpp ]
    build_and_test "$here/package" build_core -DCMAKE_PREFIX_PATH="$PWD/prefix" -DCOMPONENTS=core ;;
  stripped) # the shared library is small, and what a debugger wants is found beside it
    # Built as it is delivered, which is not file by file.
    "$CMAKE" -S "$SOURCE_DIR" -B build_delivered -G Ninja -DCMAKE_C_COMPILER="$CC" -DCMAKE_CXX_COMPILER="$CXX" \
      -DCMAKE_BUILD_TYPE=Release -DRUNHOOK_BUILD_TESTS=OFF -DRUNHOOK_BUILD_EXAMPLES=OFF -DRUNHOOK_BUILD_BENCH=OFF
    "$CMAKE" --build build_delivered
    BUILD_DIR=$PWD/build_delivered
    install_to prefix
    library=$(find "$PWD/prefix" -name 'librunhook.so.*.*.*' ! -name '*.debug')
    size=$(wc -c <"$library")
    echo "$library: $size bytes"
    [ "$size" -le 1572864 ] || { echo "that is more than 1.5 MiB"; exit 1; }
    "$READELF" -SW "$library" >sections
    ! grep -F -e .debug_info -e .symtab sections || { echo "that is in the library still"; exit 1; }
    grep -F .gnu_debuglink sections
    "$READELF" --string-dump=.gnu_debuglink "$library" | grep -F "$(basename "$library").debug"
    "$READELF" -SW "$library.debug" | grep -F .debug_line
    "$READELF" -n "$library" | grep 'Build ID' >id
    "$READELF" -n "$library.debug" | grep 'Build ID' | diff id -
    rm -r prefix
    "$CMAKE" --install "$BUILD_DIR" --prefix "$PWD/prefix" --component debug >/dev/null
    [ "$(find prefix -type f)" = "$(find prefix -name 'librunhook.so.*.debug')" ] ;;
  subdirectory) # as somebody may build it who wants it soon: many files at a time, which also shows that these get along
    build_and_test "$here/subdirectory" build -DRUNHOOK_SOURCE_DIR="$SOURCE_DIR" -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_CXX_FLAGS=-O0 -g0" \
      -DCMAKE_UNITY_BUILD=ON ;;
  pkg_config)
    need pkg-config pkg-config
    install_to prefix
    pc=$(dirname "$(find "$PWD/prefix" -name runhook.pc)")
    PKG_CONFIG_PATH=$pc
    LD_LIBRARY_PATH=$(dirname "$pc")
    export PKG_CONFIG_PATH LD_LIBRARY_PATH
    pkg-config --exists 'runhook >= 1.0' 'runhook < 2'
    # The words that pkg-config prints are to be split.
    "$CC" -std=c99 -Wall -Wextra -Wpedantic -Werror "$here/package/steps.c" -o program_c $(pkg-config --cflags --libs runhook)
    "$CC" -std=c99 "$here/package/steps.c" -o program_c_static $(pkg-config --cflags --libs runhook-static)
    "$CXX" -std=c++11 "$here/package/steps_c.cpp" -o program_cpp $(pkg-config --cflags --libs runhook)
    "$CXX" -std=c++11 "$here/package/steps_c.cpp" -o program_cpp_static $(pkg-config --cflags --libs runhook-static)
    "$CXX" -std=c++20 "$here/package/steps_core.cpp" -o program_core $(pkg-config --cflags --libs runhook-core)
    for program in program_*; do
      echo "$program"
      ./"$program"
    done
    "$READELF" -d program_c | grep 'NEEDED.*librunhook\.so\.1'
    ! "$READELF" -d program_c_static | grep 'NEEDED.*librunhook' ;;
  *) echo "no such way: $1"; exit 1 ;;
esac
