// Checks that code throws a StatusError with a certain code and text.
#ifndef RUNHOOK_TESTS_CORE_EXPECT_ERROR_HPP_
#define RUNHOOK_TESTS_CORE_EXPECT_ERROR_HPP_

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "runhook/error.hpp"

namespace runhook_test {

template <typename Body>
runhook::Error error_of(Body&& body) {
  try {
    body();
  } catch (const runhook::StatusError& error) {
    return error.error();
  }
  return {};
}

// Whether `error` has this code and its message holds `text`.
inline testing::AssertionResult is_error(const runhook::Error& error, runhook::StatusCode code,
                                         std::string_view text = {}) {
  if (error.code() == code && error.message().find(text) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "got " << error.to_string() << ", expected "
                                     << std::string(runhook::status_name(code)) << " with '" << std::string(text)
                                     << "'";
}

}  // namespace runhook_test

#define EXPECT_STATUS(statement, code, text) \
  EXPECT_TRUE(runhook_test::is_error(runhook_test::error_of([&] { statement; }), runhook::StatusCode::code, text))

#endif  // RUNHOOK_TESTS_CORE_EXPECT_ERROR_HPP_
