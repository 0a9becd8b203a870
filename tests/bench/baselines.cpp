#include "baselines.hpp"

#include <cstddef>

#if __has_include(<boost/signals2/signal.hpp>)
#include <boost/signals2/signal.hpp>
#include <memory>
#endif

namespace bench {

namespace {

[[gnu::always_inline]] inline bool succeeds(BareHooks& hooks, runhook_callback callback, void* user_data) {
  const auto ok = static_cast<std::int32_t>(++hooks.calls);
  return callback(nullptr, user_data, ok) == ok;
}

}  // namespace

bool bare_steps(BareHooks& hooks, runhook_callback session, std::int64_t steps) {
  for (std::int64_t step = 0; step < steps; ++step) {
    for (const BareHook& hook : hooks.list) {
      if (!succeeds(hooks, hook.before, hook.user_data)) return false;
    }
    if (!succeeds(hooks, session, nullptr)) return false;
    for (const BareHook& hook : hooks.list) {
      if (!succeeds(hooks, hook.after, hook.user_data)) return false;
    }
  }
  return true;
}

namespace {

// Each call is written out, so that each is an instruction of its own.
template <runhook_callback BareHook::*Side>
[[gnu::always_inline]] inline bool all_eight_succeed(BareHooks& hooks, const BareHook* hook) {
  const auto call = [&hooks, hook](std::size_t i) { return succeeds(hooks, hook[i].*Side, hook[i].user_data); };
  return call(0) && call(1) && call(2) && call(3) && call(4) && call(5) && call(6) && call(7);
}

template <runhook_callback BareHook::*Side>
[[gnu::always_inline]] inline bool all_succeed(BareHooks& hooks) {
  const BareHook* const end = hooks.list.data() + hooks.list.size() / 8 * 8;
  for (const BareHook* hook = hooks.list.data(); hook != end; hook += 8) {
    if (!all_eight_succeed<Side>(hooks, hook)) return false;
  }
  return true;
}

}  // namespace

bool bare_steps_of_eight(BareHooks& hooks, runhook_callback session, std::int64_t steps) {
  for (std::int64_t step = 0; step < steps; ++step) {
    if (!all_succeed<&BareHook::before>(hooks)) return false;
    if (!succeeds(hooks, session, nullptr)) return false;
    if (!all_succeed<&BareHook::after>(hooks)) return false;
  }
  return true;
}

#if __has_include(<boost/signals2/signal.hpp>)

namespace {

struct Signals {
  boost::signals2::signal<void(runhook_context*)> before;
  boost::signals2::signal<void(runhook_context*)> after;
  std::uint32_t calls = 0;
  bool failed = false;

  void call(runhook_callback callback, runhook_context* context, void* user_data) {
    const auto ok = static_cast<std::int32_t>(++calls);
    if (callback(context, user_data, ok) != ok) failed = true;
  }
};

}  // namespace

std::function<bool()> signals_step(const std::vector<BareHook>& hooks, runhook_callback session) {
  auto signals = std::make_shared<Signals>();
  Signals* const its = signals.get();
  for (const BareHook& hook : hooks) {
    its->before.connect([hook, its](runhook_context* context) { its->call(hook.before, context, hook.user_data); });
    its->after.connect([hook, its](runhook_context* context) { its->call(hook.after, context, hook.user_data); });
  }
  return [signals, session] {
    signals->before(nullptr);
    signals->call(session, nullptr, nullptr);
    signals->after(nullptr);
    return !signals->failed;
  };
}

#else

std::function<bool()> signals_step(const std::vector<BareHook>&, runhook_callback) { return {}; }

#endif

}  // namespace bench
