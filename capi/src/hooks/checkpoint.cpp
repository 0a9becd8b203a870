#include "hooks/checkpoint.hpp"

#include <chrono>
#include <string>
#include <vector>

#include "boundary/c_call.hpp"
#include "boundary/option_value.hpp"
#include "boundary/options_with_tables.hpp"
#include "boundary/text.hpp"
#include "call/hook_context.hpp"
#include "handle/checkpoint_handle.hpp"
#include "handle/snapshot_handle.hpp"
#include "hooks/builtin_hook.hpp"
#include "src/base/refuse.hpp"

namespace runhook::capi {

namespace {

using v1::detail::refuse;

constexpr std::size_t kCheckpointSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_checkpoint_options, warn_only);
constexpr std::size_t kSaveListenerSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_checkpoint_listener, after_save);
static_assert(offsetof(runhook_checkpoint_options, memory) == 40 &&
                  offsetof(runhook_checkpoint_options, grace_ns) == 72 && kCheckpointSizeV1_0 == 144 &&
                  kSaveListenerSizeV1_0 == 40 && sizeof(runhook_memory) == 32,
              "the 1.0 prefix is frozen");

class CListener final : public CheckpointSaverListener {
 public:
  CListener(const runhook_checkpoint_listener& table, UserData owner)
      : data_(std::move(owner)),
        before_(table.before_save, UserData(data_.get(), nullptr)),
        after_(table.after_save, UserData(data_.get(), nullptr)) {}

  bool before_save(SessionRunContext& context, std::int64_t) override {
    if (before_.call == nullptr) return true;
    HookContext& of_hook = require_hook_context(context);
    bool vetoed = false;
    of_hook.veto = &vetoed;
    const struct Forget {
      HookContext& context;
      ~Forget() { context.veto = nullptr; }
    } forget{of_hook};
    call_for_hook(context, "before_save", before_);
    return !vetoed;
  }
  bool after_save(SessionRunContext& context, std::int64_t) override {
    if (after_.call != nullptr) call_for_hook(context, "after_save", after_);
    return false;  // it asks for a stop through the context
  }

 private:
  const UserData data_;
  const CFunction before_, after_;
};

runhook_status accept_listener(const runhook_checkpoint_listener* given,
                               std::shared_ptr<CheckpointSaverListener>& listener, runhook_error** error) noexcept {
  runhook_checkpoint_listener copy{};
  UserData owner;
  if (const auto status = accept_table(given, kSaveListenerSizeV1_0, copy, owner, error); status != RUNHOOK_OK) {
    return status;
  }
  return guarded(error, [&] { listener = std::make_shared<CListener>(copy, std::move(owner)); });
}

std::vector<SavedMemory> memory_from(const runhook_memory* memory, std::size_t count) {
  if (memory != nullptr && count == 0) refuse("memory is given, but its count is 0");
  if (memory == nullptr && count != 0) refuse("memory is NULL, but its count is " + std::to_string(count));
  std::vector<SavedMemory> all;
  for (std::size_t i = 0; i < count; ++i) {
    check_reserved(memory[i].reserved);
    all.push_back({std::string(required_text(memory[i].name, "the name of a memory")),
                   static_cast<DType>(memory[i].dtype), memory[i].count, memory[i].data});
  }
  return all;
}

Trigger trigger_from(std::int64_t every_steps, std::int64_t every_ns) {
  constexpr std::int64_t kPresetNs = 600'000'000'000;
  if (every_steps > 0 && every_ns > 0) refuse("both every_steps and every_ns are given");
  if (every_steps > 0) return Trigger::every_steps(every_steps);
  return every_ns < 0 ? Trigger::never() : Trigger::every_ns(every_ns == 0 ? kPresetNs : every_ns);
}

}  // namespace

CheckpointRequest::CheckpointRequest(const runhook_checkpoint_options* options, runhook_error** error) {
  OptionsWithTables given(options, kCheckpointSizeV1_0, error);
  given.take(given->listener, listener_, accept_listener);
  given.take(given->state, state_, accept_state_functions);
  ok_ = given.ok();
  options_ = *given;
}

HookRegistration CheckpointRequest::make(const std::string& preset_directory) const {
  const runhook_checkpoint_options& given = options_;
  CheckpointSaverHookOptions wanted;
  CheckpointSaverOptions& saver = wanted.checkpoints;
  saver.directory = given.directory == nullptr && !preset_directory.empty()
                        ? preset_directory
                        : std::string(required_text(given.directory, "directory"));
  if (saver.directory.empty()) refuse("the directory of the checkpoints is empty");
  saver.keep = retention_from(given.keep);
  saver.memory = memory_from(given.memory, given.memory_count);
  if (state_ != nullptr) {
    saver.save_state = [state = state_](Snapshot& snapshot) { state->save(nullptr, snapshot); };
    saver.restore_state = [state = state_](const Snapshot& snapshot) {
      Snapshot copy = snapshot;
      state->restore(nullptr, copy);
    };
  }
  if (listener_ != nullptr) wanted.listeners.push_back(listener_);
  wanted.grace = std::chrono::nanoseconds(amount_or(given.grace_ns, 0));
  saver.drain_timeout = limit_or(given.drain_timeout_ns, saver.drain_timeout);
  if (read_flag(given.restore_one, "restore_one")) {
    if (given.restore_step < 0) refuse("restore_step is negative");
    saver.restore_step = given.restore_step;
  } else if (given.restore_step != 0) {
    refuse("restore_step is given, but not restore_one");
  }
  saver.asynchronous = read_flag(given.asynchronous, "asynchronous");
  if (read_flag(given.skip_if_busy, "skip_if_busy")) saver.overlap = SaveOverlap::skip;
  if (read_flag(given.process_crash_only, "process_crash_only")) saver.durability = Durability::process_crash;
  saver.partial = read_flag(given.partial, "partial");
  saver.begin_anew_if_damaged = read_flag(given.begin_anew_if_damaged, "begin_anew_if_damaged");
  wanted.save_at_start = !read_flag(given.not_at_start, "not_at_start");
  wanted.save_at_end = !read_flag(given.not_at_end, "not_at_end");
  wanted.optional = read_flag(given.optional, "optional");
  wanted.save_on_best = read_flag(given.save_on_best, "save_on_best");
  saver.verify = read_flag(given.verify, "verify");
  HookRegistration made = CheckpointSaverHook::make(std::move(wanted), trigger_from(given.every_steps, given.every_ns));
  if (read_flag(given.warn_only, "warn_only")) made.options.failure_policy = FailurePolicy::warn;
  return made;
}

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

runhook_builtin_hook* runhook_checkpoint_hook_create(const runhook_checkpoint_options* options, runhook_error** error) {
  const CheckpointRequest request(options, error);
  if (!request.ok()) return nullptr;
  return made_hook(error, [&] { return request.make(); });
}

runhook_status runhook_context_veto_save(runhook_context* context, runhook_error** error) {
  return guarded(error, [&] {
    HookContext* const of_hook = find_hook_context(context);
    if (of_hook == nullptr || of_hook->veto == nullptr || !of_hook->in_callback()) {
      refuse_context(context, "this is for before_save of a listener");
    }
    *of_hook->veto = true;
  });
}
