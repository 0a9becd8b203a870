# How this project's own code is compiled. Nothing of it reaches those who use the libraries.

if(RUNHOOK_SANITIZE)
  add_compile_options(-fsanitize=${RUNHOOK_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_compile_definitions($<$<COMPILE_LANGUAGE:CXX>:_GLIBCXX_ASSERTIONS>)
  add_link_options(-fsanitize=${RUNHOOK_SANITIZE})
endif()

# Language level and warnings: for every target of the project.
function(runhook_compile_options target)
  target_compile_features(${target} PRIVATE c_std_11 cxx_std_20)
  set_target_properties(${target} PROPERTIES C_EXTENSIONS OFF CXX_EXTENSIONS OFF)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
endfunction()

# What goes into the libraries: on top, position-independent, and nothing visible that is not meant to be.
function(runhook_library_options target)
  runhook_compile_options(${target})
  set_target_properties(${target} PROPERTIES
    POSITION_INDEPENDENT_CODE ON
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  # Who builds the library to use it compiles some files at a time, for less than half of the time; who works on it, each by
  # itself, so that a change compiles one file and each includes what it needs.
  if(NOT RUNHOOK_BUILD_TESTS AND NOT DEFINED CMAKE_UNITY_BUILD)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 16)
  endif()
  # Sections of their own, so that a linker can leave out what nobody uses.
  # Headers are known by their contents, not by their time: else ccache finds nothing again.
  target_compile_options(${target} PRIVATE -ffunction-sections -fdata-sections "$<$<COMPILE_LANG_AND_ID:CXX,Clang>:SHELL:-Xclang -fno-pch-timestamp>")
endfunction()
