// first_hook [DIR]: a loop that stays where it is, and a hook that ends it when the loss is small enough. With a
// directory it is saved there, and goes on where it was when it is started again.
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

int main(int argc, char** argv) {
  double x = 10.0;
  runhook::Config config;
  config.set_inline().add_hook(std::make_shared<SmallEnough>());
  if (argc > 1) {
    runhook::CheckpointSaverHookOptions options{.checkpoints = {.directory = argv[1]}};
    options.checkpoints.save_state = [&](runhook::Snapshot& to) { to.set("x", runhook::Value::scalar(x)); };
    options.checkpoints.restore_state = [&](const runhook::Snapshot& from) { x = from.find("x")->to_double(); };
    config.add_hook(runhook::CheckpointSaverHook::make(options));
  }
  runhook::MonitoredSession session(config);
  for (runhook::InlineStep& step : session.steps()) {
    x -= 0.1 * 2.0 * x;  // the body, where it always was
    step.log_scalar("loss", x * x);
  }
  session.close();
  std::printf("%s\n", session.outcome().to_string().c_str());
}
