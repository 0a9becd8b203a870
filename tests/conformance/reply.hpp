// Calls of the C ABI and what they say.
#ifndef RUNHOOK_TESTS_CONFORMANCE_REPLY_HPP_
#define RUNHOOK_TESTS_CONFORMANCE_REPLY_HPP_

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "runhook/runhook.h"

namespace conformance {

// What a call said, copied out of its error.
struct Reply {
  runhook_status status = RUNHOOK_OK;
  std::string message;
  std::string hook;
  std::string callback;
  std::int64_t step = -1;
  std::vector<Reply> suppressed;

  // Whether an error of this code and text is the primary one or among those behind it, at any depth.
  bool holds(runhook_status code, const std::string& text) const;
  bool mentions(const std::string& text) const { return message.find(text) != std::string::npos; }
};

std::ostream& operator<<(std::ostream& out, const Reply& reply);

Reply read_error(const runhook_error* error);

// Calls a function that returns a status and takes `runhook_error **` last.
template <typename Function, typename... Args>
Reply call(Function function, Args... args) {
  runhook_error* error = nullptr;
  const runhook_status status = function(args..., &error);
  if (error == nullptr) {
    EXPECT_EQ(status, RUNHOOK_OK) << "a failure without an error";
    Reply reply;
    reply.status = status;
    return reply;
  }
  Reply reply = read_error(error);
  EXPECT_EQ(status, reply.status) << "status and error differ";
  runhook_error_destroy(error);
  return reply;
}

// Calls a function that returns a handle and takes `runhook_error **` last.
template <typename Handle, typename Function, typename... Args>
Reply make(Handle& handle, Function function, Args... args) {
  runhook_error* error = nullptr;
  handle.reset(function(args..., &error));
  if (error == nullptr) {
    EXPECT_NE(handle, nullptr) << "no handle and no error";
    return {};
  }
  EXPECT_EQ(handle, nullptr) << "a handle and an error";
  Reply reply = read_error(error);
  runhook_error_destroy(error);
  return reply;
}

void expect_status(const Reply& reply, runhook_status wanted, const char* expression, const char* file, int line);
#define EXPECT_REPLY(reply, wanted) ::conformance::expect_status((reply), (wanted), #reply, __FILE__, __LINE__)

}  // namespace conformance

#endif  // RUNHOOK_TESTS_CONFORMANCE_REPLY_HPP_
