// first_hook: a loop that stays where it is, and a hook that ends it when the loss is small enough.
#include <cstdio>
#include <memory>
#include <runhook/runhook.hpp>

struct SmallEnough final : runhook::SessionRunHook {
  std::string_view name() const override { return "target"; }
  bool wants_values() const noexcept override { return true; }
  void on_values(runhook::SessionRunContext& context, std::span<const runhook::LoggedValue> values) override {
    if (values[0].number <= 1e-3) context.request_stop(0, "small enough");
  }
};

int main() {
  runhook::Config config;
  config.set_inline().add_hook(std::make_shared<SmallEnough>());
  runhook::MonitoredSession session(config);
  double x = 10.0;
  for (runhook::InlineStep& step : session.steps()) {
    x -= 0.1 * 2.0 * x;  // the body, where it always was
    step.log_scalar("loss", x * x);
  }
  session.close();
  std::printf("%s\n", session.outcome().to_string().c_str());
}
