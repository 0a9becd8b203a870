// runhook_hook seen as a SessionRunHook.
#ifndef RUNHOOK_CAPI_CALL_HOOK_HPP_
#define RUNHOOK_CAPI_CALL_HOOK_HPP_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "boundary/table.hpp"
#include "runhook/hook.h"
#include "runhook/hook.hpp"

namespace runhook::capi {

// Sole owner of the hook's user_data: destroy runs in the destructor, nowhere else.
class CHook final : public SessionRunHook {
 public:
  CHook(const runhook_hook& table, UserData owner);
  ~CHook() override = default;
  CHook(const CHook&) = delete;
  CHook& operator=(const CHook&) = delete;

  // Whether `table` is the one that this was made from: it has the same callbacks and the same user_data, which is not
  // NULL.
  bool same_as(const runhook_hook& table) const noexcept;

  std::string_view name() const override { return name_; }
  void begin(SessionRunContext& context) override;
  void after_create_session(SessionRunContext& context) override;
  void before_run(SessionRunContext& context) override;
  void after_run(SessionRunContext& context, const SessionRunValues& values) override;
  void on_values(SessionRunContext& context, std::span<const LoggedValue> values) override;
  bool wants_values() const noexcept override { return table_.on_values != nullptr; }
  void on_error(SessionRunContext& context, const Error& error) override;
  std::optional<std::string> save(SessionRunContext& context) override;
  void restore(SessionRunContext& context, std::string_view state) override;
  void end(SessionRunContext& context) override;
  void cleanup(SessionRunContext& context, const Outcome& outcome) override;
  const DirectCallbacks* direct_callbacks() const noexcept override { return &direct_; }

 private:
  void call(runhook_callback callback, const char* name, SessionRunContext& context);

  UserData data_;
  runhook_hook table_;
  std::string name_;
  DirectCallbacks direct_;
};

struct HookRequestOptions {
  HookOptions options;
  bool chief_only = false;
};

// Takes a hook's table over, as accept_table() does.
runhook_status accept_hook(const runhook_hook* hook, runhook_hook& copy, UserData& owner,
                           runhook_error** error) noexcept;
// Checks the options of a registration. What they do not say, and all if they are NULL, is as in `own`. Throws
// INVALID_ARGUMENT, UNIMPLEMENTED.
HookRequestOptions hook_options_from(const runhook_hook_options* options, const HookOptions& own = {});

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_CALL_HOOK_HPP_
