// Hooks that record what they are called with.
#ifndef RUNHOOK_TESTS_CONFORMANCE_REC_HPP_
#define RUNHOOK_TESTS_CONFORMANCE_REC_HPP_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "answer.hpp"
#include "ask.hpp"
#include "callback.hpp"
#include "reply.hpp"
#include "runhook/runhook.h"
#include "trace.hpp"

namespace conformance {

// REC(name): records each of its callbacks in the shared trace, e.g. "A.before", and does what it is told in them.
class Rec {
 public:
  // What one callback saw.
  struct Seen {
    std::string callback;
    std::int64_t step = -1;
    std::int64_t attempt = 0;
    std::int64_t now_ns = 0;
    bool stop_requested = false;
    runhook_status error = RUNHOOK_OK;  // in on_error
    std::int32_t outcome = -1;          // in cleanup
  };

  Rec(Trace& trace, std::string hook_name) : name(std::move(hook_name)), trace_(trace) {}

  Rec& on(const std::string& callback, Callback action);
  // Does something in the n-th call of a callback only; 0: in every one.
  Rec& on(const std::string& callback, int nth, Callback action);
  Rec& fails(const std::string& callback, int nth, runhook_status code, const std::string& message = "hook failed");
  Rec& stops(const std::string& callback, int nth, const std::string& text = "enough");
  Rec& asks(Ask ask);

  runhook_hook table();

  // The last call of a callback.
  Seen last(const std::string& callback) const;

  std::string name;
  runhook_hook_options options = RUNHOOK_HOOK_OPTIONS_INIT;
  Ask wanted;
  std::map<std::string, Callback> actions;
  std::map<std::string, int> calls;
  std::vector<Seen> seen;
  Values results;  // of the last after_run
  Reply asked;     // what the last request was answered with
  Reply error;     // of the last on_error
  int destroyed = 0;

 private:
  std::int32_t called(const char* callback, runhook_context* context);

  std::int32_t before(runhook_context* context);

  std::int32_t after(runhook_context* context);

  Trace& trace_;
};

}  // namespace conformance

#endif  // RUNHOOK_TESTS_CONFORMANCE_REC_HPP_
