#include "baselines.hpp"

#include <benchmark/benchmark.h>

#include <cstddef>

#if __has_include(<boost/signals2/signal.hpp>)
#include <boost/signals2/signal.hpp>
#include <memory>
#endif

namespace bench {

void bare_steps(const std::vector<BareHook>& hooks, runhook_callback session, std::int64_t steps) {
  for (std::int64_t step = 0; step < steps; ++step) {
    for (const BareHook& hook : hooks) benchmark::DoNotOptimize(hook.before(nullptr, hook.user_data));
    benchmark::DoNotOptimize(session(nullptr, nullptr));
    for (const BareHook& hook : hooks) benchmark::DoNotOptimize(hook.after(nullptr, hook.user_data));
  }
}

namespace {

// Each call is written out, so that each is an instruction of its own.
template <runhook_callback BareHook::*Side>
[[gnu::always_inline]] inline void call_eight(const BareHook* hook) {
  const auto call = [hook](std::size_t i) { benchmark::DoNotOptimize((hook[i].*Side)(nullptr, hook[i].user_data)); };
  call(0);
  call(1);
  call(2);
  call(3);
  call(4);
  call(5);
  call(6);
  call(7);
}

}  // namespace

void bare_steps_of_eight(const std::vector<BareHook>& hooks, runhook_callback session, std::int64_t steps) {
  for (std::int64_t step = 0; step < steps; ++step) {
    for (std::size_t i = 0; i + 8 <= hooks.size(); i += 8) call_eight<&BareHook::before>(&hooks[i]);
    benchmark::DoNotOptimize(session(nullptr, nullptr));
    for (std::size_t i = 0; i + 8 <= hooks.size(); i += 8) call_eight<&BareHook::after>(&hooks[i]);
  }
}

#if __has_include(<boost/signals2/signal.hpp>)

namespace {

struct Signals {
  boost::signals2::signal<void(runhook_context*)> before;
  boost::signals2::signal<void(runhook_context*)> after;
};

}  // namespace

std::function<void()> signals_step(const std::vector<BareHook>& hooks, runhook_callback session) {
  auto signals = std::make_shared<Signals>();
  for (const BareHook& hook : hooks) {
    signals->before.connect([hook](runhook_context* context) { hook.before(context, hook.user_data); });
    signals->after.connect([hook](runhook_context* context) { hook.after(context, hook.user_data); });
  }
  return [signals, session] {
    signals->before(nullptr);
    session(nullptr, nullptr);
    signals->after(nullptr);
  };
}

#else

std::function<void()> signals_step(const std::vector<BareHook>&, runhook_callback) { return {}; }

#endif

}  // namespace bench
