// Three steps of a function session with a hook that counts, with the C++ library.
#include <cstdio>
#include <memory>

#include "runhook/config.hpp"
#include "runhook/function_session.hpp"
#include "runhook/monitored_session.hpp"

namespace {

struct Counter final : runhook::SessionRunHook {
  void before_run(runhook::SessionRunContext&) override { ++before; }
  void after_run(runhook::SessionRunContext&, const runhook::SessionRunValues&) override { ++after; }
  int before = 0;
  int after = 0;
};

}  // namespace

int main() {
  int steps = 0;
  const auto counter = std::make_shared<Counter>();
  runhook::Config config;
  config.session_creator = runhook::single_session_creator(
      std::make_shared<runhook::FunctionSession>([&steps](runhook::FunctionSession::Step&) { ++steps; }));
  config.add_hook(counter);
  runhook::MonitoredSession session(config);
  const auto completed = session.run_until_stop({}, 3);
  session.close();
  std::printf("%d steps, %d before_run, %d after_run\n", steps, counter->before, counter->after);
  return completed == 3 && steps == 3 && counter->before == 3 && counter->after == 3 ? 0 : 1;
}
