// runhook/training.hpp: the helper that assembles a training session.
#ifndef RUNHOOK_TRAINING_HPP_
#define RUNHOOK_TRAINING_HPP_

#include <cstdint>
#include <memory>
#include <vector>

#include "runhook/config.hpp"
#include "runhook/default_hooks.hpp"

namespace runhook::inline v1 {

// After tf.train.MonitoredTrainingSession. Since 1.0.
struct TrainingOptions {
  bool is_chief = true;
  std::shared_ptr<Scaffold> scaffold;  // NULL: a new one
  DefaultHooks default_hooks;          // added before the others if there is a directory for them
  std::vector<HookRegistration> hooks;
  std::vector<HookRegistration> chief_only_hooks;         // left out unless is_chief
  std::int64_t max_wait_ns = 7'200'000'000'000;           // how long a worker waits for the chief
  std::int64_t poll_ns = SessionManager::kDefaultPollNs;  // time between two tries of a worker
  std::int64_t stop_grace_period_ns = Coordinator::kDefaultGraceNs;
};

// Makes the config of a chief, which initialises or restores, or of a worker, which waits for the chief. The order of
// the hooks is: default hooks, chief-only hooks, hooks. Throws INVALID_ARGUMENT without a factory, and what
// default_hooks() throws.
Config training_config(SessionFactory factory, TrainingOptions options = {});

}  // namespace runhook::inline v1

#endif  // RUNHOOK_TRAINING_HPP_
