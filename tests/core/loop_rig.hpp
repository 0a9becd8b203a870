// A loop to be tested: a function as its session, and hooks made of lambdas.
#ifndef RUNHOOK_TESTS_CORE_LOOP_RIG_HPP_
#define RUNHOOK_TESTS_CORE_LOOP_RIG_HPP_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runhook/function_session.hpp"
#include "runhook/monitored_session.hpp"

namespace runhook_test {

// Does what is set, and nothing where nothing is.
struct LambdaHook final : runhook::SessionRunHook {
  using Context = runhook::SessionRunContext;
  std::function<void(Context&)> on_begin, on_create, on_before, on_after, on_end;
  std::function<void(Context&, const runhook::Error&)> on_failure;
  std::function<void(Context&, const runhook::Outcome&)> on_cleanup;

  void begin(Context& context) override { call(on_begin, context); }
  void after_create_session(Context& context) override { call(on_create, context); }
  void before_run(Context& context) override { call(on_before, context); }
  void after_run(Context& context, const runhook::SessionRunValues&) override { call(on_after, context); }
  void on_error(Context& context, const runhook::Error& error) override { call(on_failure, context, error); }
  void end(Context& context) override { call(on_end, context); }
  void cleanup(Context& context, const runhook::Outcome& outcome) override { call(on_cleanup, context, outcome); }

 private:
  template <typename Function, typename... Args>
  static void call(const Function& function, Args&... args) {
    if (function) function(args...);
  }
};

// Fails with `code`.
[[noreturn]] inline void fail(runhook::StatusCode code, const char* message = "on purpose") {
  throw runhook::StatusError(code, message);
}

struct LoopRig {
  LoopRig() {
    config.recovery.initial_backoff_ns = 0;
    config.log = [this](runhook::LogLevel, std::string_view text) { log.emplace_back(text); };
  }
  std::shared_ptr<LambdaHook> hook(runhook::HookOptions options = {}) {
    auto made = std::make_shared<LambdaHook>();
    config.add_hook(made, std::move(options));
    return made;
  }
  // The rest of the config is made here.
  std::unique_ptr<runhook::MonitoredSession> start() {
    if (make == nullptr) {
      make = [this] {
        ++sessions;
        return std::make_shared<runhook::FunctionSession>([this](runhook::FunctionSession::Step& call) {
          ++steps;
          if (step) step(call);
        });
      };
    }
    config.session_creator = std::make_shared<runhook::ChiefSessionCreator>(make, scaffold);
    return std::make_unique<runhook::MonitoredSession>(config);
  }
  int logged(std::string_view text) const {
    int count = 0;
    for (const std::string& line : log) count += line.find(text) != std::string::npos ? 1 : 0;
    return count;
  }

  runhook::Config config;
  std::shared_ptr<runhook::Scaffold> scaffold = std::make_shared<runhook::Scaffold>();
  runhook::SessionFactory make;
  std::function<void(runhook::FunctionSession::Step&)> step;
  std::vector<std::string> log;
  int sessions = 0;
  int steps = 0;
};

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_CORE_LOOP_RIG_HPP_
