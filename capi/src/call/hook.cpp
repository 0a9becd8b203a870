#include "call/hook.hpp"

#include "boundary/option_value.hpp"
#include "boundary/text.hpp"
#include "call/hook_context.hpp"
#include "handle/trigger_handle.hpp"
#include "src/run/unexplained_failure.hpp"

namespace runhook::capi {

namespace {

constexpr std::size_t kHookSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_hook, restore);
static_assert(offsetof(runhook_hook, user_data) == 8 && offsetof(runhook_hook, destroy) == 16 &&
                  offsetof(runhook_hook, name) == 24 && offsetof(runhook_hook, begin) == 32 &&
                  offsetof(runhook_hook, after_create_session) == 40 && offsetof(runhook_hook, before_run) == 48 &&
                  offsetof(runhook_hook, after_run) == 56 && offsetof(runhook_hook, on_error) == 64 &&
                  offsetof(runhook_hook, end) == 72 && offsetof(runhook_hook, cleanup) == 80 &&
                  offsetof(runhook_hook, on_values) == 88 && offsetof(runhook_hook, save) == 96 &&
                  offsetof(runhook_hook, restore) == 104 && kHookSizeV1_0 == 112,
              "the 1.0 prefix is frozen");

constexpr std::size_t kHookOptionsSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_hook_options, fetch_count);
static_assert(offsetof(runhook_hook_options, phase) == 8 && offsetof(runhook_hook_options, failure_policy) == 12 &&
                  offsetof(runhook_hook_options, max_failures) == 16 &&
                  offsetof(runhook_hook_options, chief_only) == 20 && offsetof(runhook_hook_options, trigger) == 24 &&
                  offsetof(runhook_hook_options, name) == 32 && offsetof(runhook_hook_options, fetches) == 40 &&
                  kHookOptionsSizeV1_0 == 56,
              "the 1.0 prefix is frozen");

static_assert(static_cast<int>(HookPhase::guard) == 0 &&
              RUNHOOK_PHASE_NORMAL - RUNHOOK_PHASE_GUARD == static_cast<int>(HookPhase::normal) &&
              RUNHOOK_PHASE_SAVER - RUNHOOK_PHASE_GUARD == static_cast<int>(HookPhase::saver));
static_assert(static_cast<int>(FailurePolicy::fail) == 0 &&
              RUNHOOK_POLICY_WARN - RUNHOOK_POLICY_FAIL == static_cast<int>(FailurePolicy::warn) &&
              RUNHOOK_POLICY_DISABLE - RUNHOOK_POLICY_FAIL == static_cast<int>(FailurePolicy::disable));

// What a callback is told and lent; it loses both when it returns.
class Told {
 public:
  explicit Told(SessionRunContext& context) noexcept : context_(find_hook_context(context.direct_context())) {}
  Told(SessionRunContext& context, const Error& error) noexcept : Told(context) {
    if (context_ != nullptr) context_->error = &error;
  }
  Told(SessionRunContext& context, const Outcome& outcome) noexcept : Told(context) {
    if (context_ != nullptr) context_->outcome = &outcome;
  }
  Told(SessionRunContext& context, std::optional<std::string>& state_answer) noexcept : Told(context) {
    if (context_ != nullptr) context_->state_answer = &state_answer;
  }
  Told(SessionRunContext& context, const std::string_view& state) noexcept : Told(context) {
    if (context_ != nullptr) context_->state = &state;
  }
  ~Told() {
    if (context_ == nullptr) return;
    context_->error = nullptr;
    context_->outcome = nullptr;
    context_->state_answer = nullptr;
    context_->state = nullptr;
    context_->withdraw();
  }
  Told(const Told&) = delete;
  Told& operator=(const Told&) = delete;

 private:
  HookContext* const context_;
};

}  // namespace

CHook::CHook(const runhook_hook& table, UserData owner)
    : data_(std::move(owner)), table_(table), direct_{table.before_run, table.after_run, table.user_data} {
  name_ = optional_text(table.name, "name");
  table_.name = nullptr;
}

bool CHook::same_as(const runhook_hook& table) const noexcept {
  return table.user_data != nullptr && table.user_data == table_.user_data && table.destroy == table_.destroy &&
         table.begin == table_.begin && table.after_create_session == table_.after_create_session &&
         table.before_run == table_.before_run && table.after_run == table_.after_run &&
         table.on_error == table_.on_error && table.end == table_.end && table.cleanup == table_.cleanup &&
         table.on_values == table_.on_values && table.save == table_.save && table.restore == table_.restore;
}

// If the callback has explained its failure, the context has the error already, and that one comes before this
// exception.
void CHook::call(runhook_callback callback, const char* name, SessionRunContext& context) {
  if (callback == nullptr) return;
  v1::detail::SuccessValue& success = require_hook_context(context).success;
  runhook_context* const handle = context.direct_context();
  void* const user_data = data_.get();
  success.prepare();
  const std::int32_t returned = callback(handle, user_data, success.next());  // with nothing called in between
  if (success.is(returned)) [[likely]]
    return;
  throw StatusError(StatusCode::hook_failed, v1::detail::unexplained_failure(name, returned));
}

void CHook::begin(SessionRunContext& context) {
  const Told told(context);
  call(table_.begin, "begin", context);
}

void CHook::after_create_session(SessionRunContext& context) {
  const Told told(context);
  call(table_.after_create_session, "after_create_session", context);
}

void CHook::before_run(SessionRunContext& context) { call(table_.before_run, "before_run", context); }

void CHook::after_run(SessionRunContext& context, const SessionRunValues&) {
  call(table_.after_run, "after_run", context);
}

void CHook::on_values(SessionRunContext& context, std::span<const LoggedValue>) {
  call(table_.on_values, "on_values", context);
}

void CHook::on_error(SessionRunContext& context, const Error& error) {
  if (table_.on_error == nullptr) return;
  const Told told(context, error);
  call(table_.on_error, "on_error", context);
}

std::optional<std::string> CHook::save(SessionRunContext& context) {
  std::optional<std::string> answer;
  if (table_.save == nullptr) return answer;
  const Told told(context, answer);
  call(table_.save, "save", context);
  return answer;
}

void CHook::restore(SessionRunContext& context, std::string_view state) {
  if (table_.restore == nullptr) return;
  const Told told(context, state);
  call(table_.restore, "restore", context);
}

void CHook::end(SessionRunContext& context) {
  const Told told(context);
  call(table_.end, "end", context);
}

void CHook::cleanup(SessionRunContext& context, const Outcome& outcome) {
  const Told told(context, outcome);
  call(table_.cleanup, "cleanup", context);
}

runhook_status accept_hook(const runhook_hook* hook, runhook_hook& copy, UserData& owner,
                           runhook_error** error) noexcept {
  return accept_table(hook, kHookSizeV1_0, copy, owner, error);
}

HookRequestOptions hook_options_from(const runhook_hook_options* options, const HookOptions& own) {
  HookRequestOptions result{own, false};
  if (options == nullptr) return result;
  const runhook_hook_options copy = read_struct(options, kHookOptionsSizeV1_0);
  if (copy.phase < RUNHOOK_PHASE_DEFAULT || copy.phase > RUNHOOK_PHASE_SAVER) {
    throw StatusError(StatusCode::invalid_argument, "not a phase");
  }
  if (copy.failure_policy < RUNHOOK_POLICY_DEFAULT || copy.failure_policy > RUNHOOK_POLICY_DISABLE) {
    throw StatusError(StatusCode::invalid_argument, "not a failure policy");
  }
  if (copy.phase != RUNHOOK_PHASE_DEFAULT) {
    result.options.phase = static_cast<HookPhase>(copy.phase - RUNHOOK_PHASE_GUARD);
  }
  if (copy.failure_policy != RUNHOOK_POLICY_DEFAULT) {
    result.options.failure_policy = static_cast<FailurePolicy>(copy.failure_policy - RUNHOOK_POLICY_FAIL);
  }
  result.options.max_failures =
      static_cast<std::int32_t>(number_or(copy.max_failures, own.max_failures, "max_failures"));
  if (copy.trigger != nullptr) result.options.trigger = require(copy.trigger).trigger;
  if (copy.name != nullptr) result.options.name = required_text(copy.name, "name");
  result.options.fetches = required_texts(copy.fetches, copy.fetch_count, "fetches");
  result.chief_only = read_flag(copy.chief_only, "chief_only");
  return result;
}

}  // namespace runhook::capi
