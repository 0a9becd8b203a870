// What has to be true of what a parser has accepted: else libFuzzer has found something.
#ifndef RUNHOOK_TESTS_FUZZ_MUST_HPP_
#define RUNHOOK_TESTS_FUZZ_MUST_HPP_

#include <cstdio>
#include <cstdlib>

namespace runhook_test {

inline void must(bool is_so, const char* what) {
  if (is_so) return;
  std::fprintf(stderr, "WRONG: not so: %s\n", what);
  std::abort();
}

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_FUZZ_MUST_HPP_
