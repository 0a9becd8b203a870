// A run to be killed at any moment: killed_run FOLDER. It logs values in steps of some 50 us, with all default hooks that
// write files, until it is told to stop.
#include <chrono>
#include <cstdio>
#include <thread>

#include "runhook/default_hooks.hpp"
#include "runhook/monitored_session.hpp"
#include "runhook/signals.hpp"

int main(int argc, char** argv) {
  using namespace runhook;
  using namespace std::chrono_literals;
  if (argc != 2) return 2;
  try {
    DefaultHooks wanted{.dir = argv[1], .interval = 2ms, .keep_all = true, .quiet = true};
    wanted.profile_interval = 20ms;
    Config config;
    config.set_inline();
    config.add_hooks(default_hooks(wanted));
    MonitoredSession session(config);
    for (InlineStep& step : session.steps()) {
      step.log_scalar("loss", 1.0 / static_cast<double>(step.global_step() + 1));
      if (step.global_step() % 10 == 0) step.log_text("phase", "one of\nmany");
      std::this_thread::sleep_for(50us);
    }
    session.close();
    return exit_status(session.outcome());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
