#include "runhook/config.h"

#include <algorithm>

#include "boundary/exception_guard.hpp"
#include "boundary/log_table.hpp"
#include "boundary/option_value.hpp"
#include "boundary/table.hpp"
#include "call/graph_engine.hpp"
#include "call/hook.hpp"
#include "handle/clock_handle.hpp"
#include "handle/config_handle.hpp"
#include "handle/scaffold_handle.hpp"
#include "handle/session_handle.hpp"
#include "handle/stop_handle.hpp"
#include "runhook/training.hpp"

namespace runhook::capi {

namespace {

constexpr std::size_t kTrainingSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_training_options, stop_grace_period_ns);
static_assert(offsetof(runhook_training_options, is_worker) == 8 &&
                  offsetof(runhook_training_options, reserved) == 12 &&
                  offsetof(runhook_training_options, max_wait_ns) == 16 &&
                  offsetof(runhook_training_options, poll_ns) == 24 &&
                  offsetof(runhook_training_options, stop_grace_period_ns) == 32 && kTrainingSizeV1_0 == 40,
              "the 1.0 prefix is frozen");

}  // namespace

void use_creator(ConfigBox& box, std::shared_ptr<SessionCreator> creator, bool single) noexcept {
  box.config.session_creator = std::move(creator);
  box.single_session = single;
}

Config session_config(const ConfigBox& from) {
  Config config = from.config;
  config.clock = clock_with_log(std::move(config.clock), config.log);
  if (from.single_session) config.recovery.max_attempts = 0;
  return config;
}

void ConfigBox::refuse_again(const HookRegistration& known) {
  const std::string name(known.options.name.empty() ? known.hook->name() : known.options.name);
  throw StatusError(StatusCode::already_exists,
                    (name.empty() ? "the hook" : "hook '" + name + "'") + " has been added already");
}

void ConfigBox::add(HookRegistration added, bool chief_only) {
  auto& hooks = config.hooks;
  if (!chief_only) {
    hooks.push_back(std::move(added));
  } else if (!worker) {
    hooks.insert(hooks.begin() + static_cast<std::ptrdiff_t>(chief_only_hooks), std::move(added));
    ++chief_only_hooks;
  }
}

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

runhook_config* runhook_config_create(runhook_error** error) {
  return guarded_handle(error, [] { return create<runhook_config>(); });
}

runhook_config* runhook_training_config_create(const runhook_function* factory, runhook_scaffold* scaffold,
                                               const runhook_training_options* options, runhook_error** error) {
  std::shared_ptr<CFunction> function;
  if (accept_function(factory, function, error) != RUNHOOK_OK) return nullptr;
  return guarded_handle(error, [&] {
    const runhook_training_options given =
        read_struct(options, kTrainingSizeV1_0, runhook_training_options(RUNHOOK_TRAINING_OPTIONS_INIT));
    check_reserved(given.reserved);
    TrainingOptions wanted;
    const bool is_chief = !read_flag(given.is_worker, "is_worker");
    wanted.is_chief = is_chief;
    wanted.scaffold = scaffold_or_null(scaffold);
    wanted.max_wait_ns = given.max_wait_ns == 0 ? wanted.max_wait_ns : given.max_wait_ns;
    wanted.poll_ns = number_or(given.poll_ns, wanted.poll_ns, "poll_ns");
    wanted.stop_grace_period_ns = limit_or(given.stop_grace_period_ns, wanted.stop_grace_period_ns);
    auto box = std::make_unique<ConfigBox>();
    box->config = training_config(factory_from(std::move(function)), std::move(wanted));
    box->worker = !is_chief;
    return give<runhook_config>(std::move(box));
  });
}

void runhook_config_destroy(runhook_config* config) { capi::destroy(config); }

runhook_status runhook_config_set_session(runhook_config* config, runhook_session* session, runhook_error** error) {
  return guarded(error, [&] {
    const auto box = require_pinned(config);
    use_creator(*box, single_session_creator(session_from_handle(session)), /*single=*/true);
  });
}

runhook_status runhook_config_set_graph(runhook_config* config, runhook_graph* graph, runhook_error** error) {
  return guarded(error, [&] {
    const auto box = require_pinned(config);
    use_creator(
        *box, std::make_shared<ChiefSessionCreator>([kept = require(graph).graph] { return new_graph_session(kept); }),
        /*single=*/false);
  });
}

runhook_status runhook_config_set_session_creator(runhook_config* config, runhook_session_creator* creator,
                                                  runhook_error** error) {
  return guarded(error, [&] {
    const auto box = require_pinned(config);
    use_creator(*box, require(creator).creator, /*single=*/false);
  });
}

runhook_status runhook_config_add_hook(runhook_config* config, const runhook_hook* hook,
                                       const runhook_hook_options* options, runhook_error** error) {
  runhook_hook table;
  UserData owner;
  if (const auto status = accept_hook(hook, table, owner, error); status != RUNHOOK_OK) return status;
  return guarded(error, [&] {
    const auto box = require_pinned(config);
    for (const HookRegistration& known : box->config.hooks) {
      const auto* c_hook = dynamic_cast<const CHook*>(known.hook.get());
      if (c_hook == nullptr || !c_hook->same_as(table)) continue;
      owner.release();
      ConfigBox::refuse_again(known);
    }
    HookRequestOptions registration = hook_options_from(options);
    box->add({std::make_shared<CHook>(table, std::move(owner)), std::move(registration.options)},
             registration.chief_only);
  });
}

runhook_status runhook_config_set_clock(runhook_config* config, runhook_clock* clock, runhook_error** error) {
  return guarded(error, [&] {
    const auto box = require_pinned(config);
    box->config.clock = clock != nullptr ? require(clock).clock : nullptr;
  });
}

runhook_status runhook_config_set_stop_grace_period_ns(runhook_config* config, int64_t grace_ns,
                                                       runhook_error** error) {
  return guarded(error, [&] {
    const auto box = require_pinned(config);
    if (grace_ns < 0) throw StatusError(StatusCode::invalid_argument, "the grace period is negative");
    box->config.stop_grace_period_ns = grace_ns;
  });
}

runhook_status runhook_config_set_hook_budget(runhook_config* config, double part, runhook_error** error) {
  return guarded(error, [&] {
    const auto box = require_pinned(config);
    if (!(part >= 0)) throw StatusError(StatusCode::invalid_argument, "the budget of hooks is negative");
    box->config.hook_budget = part;
  });
}

runhook_status runhook_config_set_log(runhook_config* config, const runhook_log* log, runhook_error** error) {
  LogSink sink;
  if (const auto status = accept_log(log, sink, error); status != RUNHOOK_OK) return status;
  return guarded(error, [&] { require_pinned(config)->config.log = std::move(sink); });
}

runhook_status runhook_config_set_stop_source(runhook_config* config, const runhook_stop_source* source,
                                              runhook_error** error) {
  return guarded(error, [&] {
    const auto box = require_pinned(config);
    box->config.stop = require(source).source.state();
  });
}
