// What is behind a scaffold and a session manager, and the calls of a scaffold's pieces.
#ifndef RUNHOOK_CAPI_HANDLE_SCAFFOLD_HANDLE_HPP_
#define RUNHOOK_CAPI_HANDLE_SCAFFOLD_HANDLE_HPP_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "boundary/context_base.hpp"
#include "boundary/handle_box.hpp"
#include "handle/session_handle.hpp"
#include "runhook/scaffold.hpp"
#include "runhook/session_manager.hpp"

namespace runhook::capi {

struct ScaffoldBox final : Boxed {
  ScaffoldBox() : scaffold(std::make_shared<Scaffold>()) {}
  explicit ScaffoldBox(std::shared_ptr<Scaffold> its_scaffold) noexcept : scaffold(std::move(its_scaffold)) {}
  const std::shared_ptr<Scaffold> scaffold;
};
RUNHOOK_CAPI_BOX(runhook_scaffold, ScaffoldBox, scaffold);

struct ManagerBox final : Boxed {
  explicit ManagerBox(SessionManager its_manager) noexcept : manager(std::move(its_manager)) {}
  SessionManager manager;
};
RUNHOOK_CAPI_BOX(runhook_session_manager, ManagerBox, session_manager);

// A call of a piece.
struct ScaffoldCall final : ContextBase {
  ScaffoldCall(Session& its_session, bool its_readiness) noexcept
      : ContextBase(Role::scaffold), session(its_session), readiness(its_readiness) {}
  Session& session;
  const bool readiness;              // whether the piece names what is missing
  std::vector<std::string> missing;  // answer of such a piece
  LentSession lent_session;
};

// Returns the scaffold behind a handle, or NULL for NULL. Throws INVALID_ARGUMENT.
std::shared_ptr<Scaffold> scaffold_or_null(const runhook_scaffold* handle);

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_HANDLE_SCAFFOLD_HANDLE_HPP_
