#include "runhook/training.hpp"

#include <iterator>
#include <utility>

namespace runhook::inline v1 {

Config training_config(SessionFactory factory, TrainingOptions options) {
  Config config;
  config.stop_grace_period_ns = options.stop_grace_period_ns;
  if (!options.is_chief) {
    config.session_creator = std::make_shared<WorkerSessionCreator>(std::move(factory), std::move(options.scaffold),
                                                                    options.max_wait_ns, options.poll_ns);
    config.hooks = std::move(options.hooks);
    return config;
  }
  config.session_creator = std::make_shared<ChiefSessionCreator>(std::move(factory), std::move(options.scaffold));
  config.hooks = std::move(options.chief_only_hooks);
  config.hooks.insert(config.hooks.end(), std::make_move_iterator(options.hooks.begin()),
                      std::make_move_iterator(options.hooks.end()));
  return config;
}

}  // namespace runhook::inline v1
