// What is behind a config and a session creator, and the calls that they make.
#ifndef RUNHOOK_CAPI_HANDLE_CONFIG_HANDLE_HPP_
#define RUNHOOK_CAPI_HANDLE_CONFIG_HANDLE_HPP_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "boundary/context_base.hpp"
#include "boundary/handle_box.hpp"
#include "boundary/table.hpp"
#include "handle/error_handle.hpp"
#include "runhook/config.hpp"
#include "runhook/session_creator.hpp"

namespace runhook::capi {

struct ConfigBox final : Boxed {
  // Adds a hook at the end. One that is chief_only is put before the others instead, or dropped in a worker's config.
  void add(HookRegistration added, bool chief_only);
  [[noreturn]] static void refuse_again(const HookRegistration& known);  // it has been added already

  Config config;
  std::size_t chief_only_hooks = 0;  // they come first
  bool worker = false;               // drops hooks that are chief_only
  bool single_session = false;       // there is one session only, so that nothing can be recovered
};
RUNHOOK_CAPI_BOX(runhook_config, ConfigBox, config);

struct CreatorBox final : Boxed {
  explicit CreatorBox(std::shared_ptr<SessionCreator> its_creator) noexcept : creator(std::move(its_creator)) {}
  const std::shared_ptr<SessionCreator> creator;
};
RUNHOOK_CAPI_BOX(runhook_session_creator, CreatorBox, session_creator);

// A call of a session creator or factory.
struct CreatorCall final : ContextBase {
  explicit CreatorCall(Role its_role, const StopState* its_stop = nullptr) noexcept
      : ContextBase(its_role), stop(its_stop) {}
  const StopState* const stop;
  std::shared_ptr<Session> session;           // answers
  std::optional<std::int64_t> restored_step;  // of a creator
};

// A call of a recovery policy's function.
struct PolicyCall final : ContextBase {
  explicit PolicyCall(const Error& its_error) noexcept : ContextBase(Role::policy), error(its_error) {}
  const Error& error;
  LentError lent_error;
  const RecoveryNotice* notice = nullptr;  // in on_recovery
  bool recoverable = false;                // answer of classify
};

// Where the config's session gets its sessions from; `single`: it is one that cannot be replaced.
void use_creator(ConfigBox& box, std::shared_ptr<SessionCreator> creator, bool single) noexcept;

// The config that a session is made from.
Config session_config(const ConfigBox& from);

// Makes a factory out of a function.
SessionFactory factory_from(std::shared_ptr<CFunction> function);

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_HANDLE_CONFIG_HANDLE_HPP_
