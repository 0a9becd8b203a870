#include "signals.hpp"

#include "harness.hpp"

#if __has_include(<boost/signals2/signal.hpp>)
#include <boost/signals2/signal.hpp>
#include <memory>

namespace bench {

namespace {

struct Signals {
  boost::signals2::signal<void(runhook_context*)> before;
  boost::signals2::signal<void(runhook_context*)> after;
};

}  // namespace

std::function<void()> signals_step(std::size_t hooks) {
  auto signals = std::make_shared<Signals>();
  for (const BareHook& hook : bare_hooks(hooks)) {
    signals->before.connect([hook](runhook_context* context) { hook.before(context, hook.user_data); });
    signals->after.connect([hook](runhook_context* context) { hook.after(context, hook.user_data); });
  }
  return [signals] {
    signals->before(nullptr);
    empty_step(nullptr, nullptr);
    signals->after(nullptr);
  };
}

}  // namespace bench

#else

namespace bench {

std::function<void()> signals_step(std::size_t) { return {}; }

}  // namespace bench

#endif
