// Makes as many steps as it is told, of eight hooks that each fetch one scalar, so that what a step asks of the system
// can be counted from outside: steady_state STEPS.
#include <cstdio>
#include <cstdlib>

#include "graph.hpp"
#include "harness.hpp"

int main(int argc, char** argv) {
  const long steps = argc > 1 ? std::atol(argv[1]) : 1000;
  runhook_error* error = nullptr;
  runhook_monitored_session* session = bench::fetching_session();
  runhook_run_args* args = bench::train_args();
  bench::check(runhook_monitored_session_run_until_stop(session, args, 16, nullptr, &error), error);
  const std::uint64_t before = bench::allocations();
  bench::check(runhook_monitored_session_run_until_stop(session, args, steps, nullptr, &error), error);
  std::printf("%llu\n", static_cast<unsigned long long>(bench::allocations() - before));
  runhook_run_args_destroy(args);
  runhook_monitored_session_destroy(session);
}
