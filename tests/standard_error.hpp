// Standard error that goes elsewhere for a while.
#ifndef RUNHOOK_TESTS_STANDARD_ERROR_HPP_
#define RUNHOOK_TESTS_STANDARD_ERROR_HPP_

#include <unistd.h>

namespace runhook_test {

// Puts another descriptor in the place of standard error.
class StandardError {
 public:
  explicit StandardError(int descriptor) : before_(dup(STDERR_FILENO)) { dup2(descriptor, STDERR_FILENO); }
  ~StandardError() {
    dup2(before_, STDERR_FILENO);
    close(before_);
  }
  StandardError(const StandardError&) = delete;
  StandardError& operator=(const StandardError&) = delete;

 private:
  const int before_;
};

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_STANDARD_ERROR_HPP_
