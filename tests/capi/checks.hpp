// What the tests of the C ABI have in common.
#ifndef RUNHOOK_TESTS_CAPI_CHECKS_HPP_
#define RUNHOOK_TESTS_CAPI_CHECKS_HPP_

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "runhook/runhook.h"

namespace runhook_test {

// Takes the error of a call and tells what it was.
class Caught {
 public:
  Caught() = default;
  Caught(const Caught&) = delete;
  Caught& operator=(const Caught&) = delete;
  ~Caught() { runhook_error_destroy(error_); }
  runhook_error** out() {
    runhook_error_destroy(std::exchange(error_, nullptr));
    return &error_;
  }
  runhook_error* get() const { return error_; }
  runhook_status code() const { return error_ == nullptr ? RUNHOOK_OK : runhook_error_code(error_); }
  std::string message() const { return error_ == nullptr ? "" : runhook_error_message(error_); }

 private:
  runhook_error* error_ = nullptr;
};

// Fails a test that leaves handles behind.
class NoHandlesLeft : public testing::Test {
 protected:
  void TearDown() override { EXPECT_EQ(runhook_live_handles(), before_); }

 private:
  const uint64_t before_ = runhook_live_handles();
};

// What runhook says of a callback that has failed without saying why.
inline std::string unexplained_failure(const std::string& callback, int32_t returned) {
  return callback + " returned " + std::to_string(returned) +
         ", which is not the value that this call has to return on success";
}

// Counts how often it was destroyed.
inline void count_destroy(void* user_data) { ++*static_cast<int*>(user_data); }

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_CAPI_CHECKS_HPP_
