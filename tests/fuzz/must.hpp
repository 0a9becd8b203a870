// What has to be true of what a parser makes of any bytes: else libFuzzer has found something.
#ifndef RUNHOOK_TESTS_FUZZ_MUST_HPP_
#define RUNHOOK_TESTS_FUZZ_MUST_HPP_

#include <cstdio>
#include <cstdlib>

#include "runhook/error.hpp"

namespace runhook_test {

inline void must(bool is_so, const char* what) {
  if (is_so) return;
  std::fprintf(stderr, "WRONG: not so: %s\n", what);
  std::abort();
}

inline void must_refuse_as_it_says(const runhook::StatusError& refused) {
  must(refused.code() == runhook::StatusCode::data_loss || refused.code() == runhook::StatusCode::unimplemented,
       "it is refused as damaged or unknown");
}

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_FUZZ_MUST_HPP_
