// A hook that hears of logged values as an output does, and as one that subscribes, and a loop with it.
#ifndef RUNHOOK_TESTS_CORE_LOOP_LISTENING_HPP_
#define RUNHOOK_TESTS_CORE_LOOP_LISTENING_HPP_

#include <gtest/gtest.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/loop_rig.hpp"
#include "runhook/inline_step.hpp"

namespace runhook_test {

inline std::string text_of(const runhook::LoggedValue& value) {
  std::string text(value.name);
  if (value.kind == runhook::LoggedKind::text) {
    text += "='" + std::string(value.text) + "'";
  } else if (value.kind == runhook::LoggedKind::integer) {
    text += "=" + std::to_string(value.integer);
  } else {
    char number[32];
    std::snprintf(number, sizeof number, "=%g", value.number);
    text += number;
  }
  return text + "@" + std::to_string(value.step) + (value.failed ? "!" : "");
}

// An output, as far as the loop can tell, and a hook that subscribes.
struct Listening final : runhook::SessionRunHook, runhook::ValueListener {
  std::vector<std::string> heard;
  std::vector<std::string> told;
  bool subscribes = false;
  std::function<void()> on_told = [] {};
  std::function<void(runhook::SessionRunContext&)> on_heard = [](runhook::SessionRunContext&) {};
  void on_logged(runhook::SessionRunContext& context, std::span<const runhook::LoggedValue> values) override {
    on_heard(context);
    for (const runhook::LoggedValue& value : values) heard.push_back(text_of(value));
  }
  void on_values(runhook::SessionRunContext& context, std::span<const runhook::LoggedValue> values) override {
    for (const runhook::LoggedValue& value : values) told.push_back(text_of(value));
    EXPECT_EQ(context.logged().size(), values.size());
    on_told();
  }
  runhook::ValueListener* value_listener() noexcept override { return this; }
  bool wants_values() const noexcept override { return subscribes; }
};

struct Logging : LoopRig {
  Logging() { config.add_hook(listening, runhook::HookOptions{.name = "listening"}); }
  runhook::MonitoredSession& open_inline() {
    config.set_inline();
    session = std::make_unique<runhook::MonitoredSession>(config);
    return *session;
  }
  std::shared_ptr<Listening> listening = std::make_shared<Listening>();
  std::unique_ptr<runhook::MonitoredSession> session;
};

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_CORE_LOOP_LISTENING_HPP_
