#include "runhook/session_manager.hpp"

#include <string>
#include <utility>
#include <vector>

#include "base/format.hpp"
#include "runhook/error.hpp"
#include "session/session_preparation.hpp"

namespace runhook::inline v1 {

namespace {

using detail::Missing;

[[noreturn]] void fail_preparation(std::string_view what, const Missing& missing) {
  throw StatusError(StatusCode::failed_precondition,
                    fmt::format("{}, missing: {}", what, detail::joined(missing, ", ")));
}

}  // namespace

SessionManager::SessionManager(SessionFactory factory, std::shared_ptr<Scaffold> scaffold, std::int64_t poll_ns,
                               bool finalize)
    : factory_(std::move(factory)), scaffold_(std::move(scaffold)), poll_ns_(poll_ns) {
  if (!factory_) throw StatusError(StatusCode::invalid_argument, "a session manager needs a session factory");
  if (poll_ns_ < 0)
    throw StatusError(StatusCode::invalid_argument, "the poll interval of a session manager is negative");
  if (scaffold_ == nullptr) scaffold_ = std::make_shared<Scaffold>();
  if (finalize) {
    scaffold_->finalize();
  } else if (scaffold_->ready_for_local_init_op && !scaffold_->local_init_op) {
    throw StatusError(StatusCode::invalid_argument, "ready_for_local_init_op without local_init_op");
  }
}

CreatedSession SessionManager::prepare_session(const CreationContext&) {
  CreatedSession created{detail::new_session(factory_)};
  detail::close_on_failure(created.session, [&] {
    const Scaffold& scaffold = *scaffold_;
    Session& session = *created.session;
    detail::restore_from(scaffold.saver.get(), created);
    if (!created.restored_step) {
      if (!scaffold.init_op && !scaffold.init_fn && !scaffold.local_init_op) {
        throw StatusError(StatusCode::failed_precondition,
                          "nothing was restored and no init_op or init_fn or local_init_op was given");
      }
      if (scaffold.init_op) scaffold.init_op(session);
      if (scaffold.init_fn) scaffold.init_fn(scaffold, session);
    }
    Missing missing = detail::try_local_init(scaffold, session);
    if (!missing.empty()) fail_preparation("initialisation did not make model ready for local_init", missing);
    missing = detail::missing_for(scaffold.ready_op, session);
    if (!missing.empty()) fail_preparation("initialisation did not make model ready", missing);
  });
  return created;
}

SessionManager::Recovered SessionManager::recover_session(const CreationContext&) {
  Recovered recovered{{detail::new_session(factory_)}, false};
  detail::close_on_failure(recovered.created.session, [&] {
    Session& session = *recovered.created.session;
    detail::restore_from(scaffold_->saver.get(), recovered.created);
    const Missing missing = detail::try_local_init(*scaffold_, session);  // tried even if nothing was restored
    recovered.ready = recovered.created.restored_step.has_value() && missing.empty() &&
                      detail::missing_for(scaffold_->ready_op, session).empty();
  });
  return recovered;
}

}  // namespace runhook::inline v1
