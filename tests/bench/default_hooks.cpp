#include "default_hooks.hpp"

#include <cstdlib>
#include <filesystem>

#include "harness.hpp"

namespace bench {

namespace {

runhook_session* scalar_session(bool logging) {
  runhook_function step = RUNHOOK_FUNCTION_INIT;
  step.call = [](runhook_context* context, void*, int32_t ok) -> int32_t {
    return runhook_step_set_double(context, "loss", 0.5, nullptr) == RUNHOOK_OK ? ok : RUNHOOK_CALLBACK_FAILED;
  };
  if (logging) {
    step.call = [](runhook_context* context, void*, int32_t ok) -> int32_t {
      runhook_step_set_double(context, "loss", 0.5, nullptr);
      const runhook_status status = runhook_context_log_scalar(context, "accuracy", 0.25, nullptr);
      return status == RUNHOOK_OK ? ok : RUNHOOK_CALLBACK_FAILED;
    };
  }
  const char* const outputs[] = {"loss"};
  return runhook_function_session_create(&step, outputs, 1, nullptr, 0, nullptr);
}

}  // namespace

DefaultHooks::DefaultHooks(Which which) {
  folder_ = std::filesystem::temp_directory_path() / "runhook-bench-XXXXXX";
  if (mkdtemp(folder_.data()) == nullptr) std::abort();
  runhook_error* error = nullptr;
  runhook_config* config = runhook_config_create(&error);
  runhook_session* raw = scalar_session(which == Which::all_and_logging);
  check(runhook_config_set_session(config, raw, &error), error);
  runhook_session_destroy(raw);
  runhook_log quiet = RUNHOOK_LOG_INIT;
  quiet.write = [](const runhook_log_record*, void*) {};
  check(runhook_config_set_log(config, &quiet, &error), error);
  const char* const scalars[] = {"loss"};
  runhook_default_hooks hooks = RUNHOOK_DEFAULT_HOOKS_INIT;
  hooks.dir = folder_.c_str();
  hooks.scalars = scalars;
  hooks.scalar_count = 1;
  hooks.interval_ns = hooks.profile_interval_ns = INT64_C(36000'000'000'000);
  constexpr std::uint32_t kAllOfThem = 2 * RUNHOOK_DEFAULT_CHECKPOINTS - 1;
  if (which == Which::progress) hooks.left_out = kAllOfThem & ~std::uint32_t{RUNHOOK_DEFAULT_PROGRESS};
  if (which != Which::none) check(runhook_config_add_default_hooks(config, &hooks, &error), error);
  session_ = runhook_monitored_session_create(config, &error);
  if (session_ == nullptr) give_up(error);
  runhook_config_destroy(config);
  // What is due at first, e.g. the traced step, is over then.
  check(runhook_monitored_session_run_until_stop(session_, nullptr, 100, nullptr, &error), error);
}

DefaultHooks::~DefaultHooks() {
  runhook_monitored_session_destroy(session_);
  std::filesystem::remove_all(folder_);
}

}  // namespace bench
