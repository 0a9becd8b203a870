// Sessions with the hooks that a training run is expected to have, none of them due in the runs that are measured.
#ifndef RUNHOOK_TESTS_BENCH_DEFAULT_HOOKS_HPP_
#define RUNHOOK_TESTS_BENCH_DEFAULT_HOOKS_HPP_

#include <runhook/runhook.h>

#include <string>

namespace bench {

class DefaultHooks {
 public:
  enum class Which { none, progress, all, all_and_logging };  // logging: each step logs a value
  explicit DefaultHooks(Which which);
  ~DefaultHooks();
  DefaultHooks(const DefaultHooks&) = delete;
  DefaultHooks& operator=(const DefaultHooks&) = delete;
  runhook_monitored_session* session() const noexcept { return session_; }

 private:
  std::string folder_;
  runhook_monitored_session* session_ = nullptr;
};

}  // namespace bench

#endif  // RUNHOOK_TESTS_BENCH_DEFAULT_HOOKS_HPP_
