#include "runhook/training.hpp"

#include <iterator>
#include <utility>

namespace runhook::inline v1 {

Config training_config(SessionFactory factory, TrainingOptions options) {
  Config config;
  config.stop_grace_period_ns = options.stop_grace_period_ns;
  if (options.is_chief) {
    config.session_creator = std::make_shared<ChiefSessionCreator>(std::move(factory), std::move(options.scaffold));
  } else {
    config.session_creator = std::make_shared<WorkerSessionCreator>(std::move(factory), std::move(options.scaffold),
                                                                    options.max_wait_ns, options.poll_ns);
  }
  const auto add = [&config](std::vector<HookRegistration> hooks) {
    config.hooks.insert(config.hooks.end(), std::make_move_iterator(hooks.begin()),
                        std::make_move_iterator(hooks.end()));
  };
  if (!options.default_hooks.dir.empty()) add(default_hooks(options.default_hooks, options.is_chief));
  if (options.is_chief) add(std::move(options.chief_only_hooks));
  add(std::move(options.hooks));
  return config;
}

}  // namespace runhook::inline v1
