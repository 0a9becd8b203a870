// runhook/session_creator.hpp: where a MonitoredSession gets its sessions from.
#ifndef RUNHOOK_SESSION_CREATOR_HPP_
#define RUNHOOK_SESSION_CREATOR_HPP_

#include <cstdint>
#include <functional>
#include <memory>

#include "runhook/claim_mark.hpp"
#include "runhook/session_manager.hpp"

namespace runhook::inline v1 {

namespace detail {
class CreatorClaim;
}

// Creates the first session, and another one for each recovery. It serves one open MonitoredSession at a time: another
// one that is given it, or the config that it is in, is refused with ALREADY_EXISTS until the first has ended.
// Since 1.0.
class SessionCreator {
 public:
  virtual ~SessionCreator() = default;
  // Returns a ready session. Reports failure by throwing; after a recoverable error it is called again. OUT_OF_RANGE is
  // a failure like any other here: if a session cannot be made anew because of it, input has not ended, and the run
  // fails with INTERNAL, to which it is attached.
  virtual CreatedSession create_session(const CreationContext& context) = 0;
  // The saver that is called when a save is requested; NULL: nothing is saved.
  virtual std::shared_ptr<Saver> saver() const { return nullptr; }
  // The scaffold by which sessions are made ready; NULL: there is none.
  virtual std::shared_ptr<const Scaffold> scaffold() const { return nullptr; }

 private:
  friend class detail::CreatorClaim;
  mutable detail::ClaimMark claim_;
};

// Makes sessions ready by restoring saved state or, if there is none, initialising them, as
// SessionManager::prepare_session() does.
class ChiefSessionCreator final : public SessionCreator {
 public:
  explicit ChiefSessionCreator(SessionFactory factory, std::shared_ptr<Scaffold> scaffold = nullptr);
  CreatedSession create_session(const CreationContext& context) override;
  std::shared_ptr<Saver> saver() const override { return scaffold_->saver; }
  std::shared_ptr<const Scaffold> scaffold() const override { return scaffold_; }

 private:
  std::shared_ptr<Scaffold> scaffold_;
  SessionManager manager_;
};

// Waits until the chief has made the model ready, as SessionManager::wait_for_session() does.
class WorkerSessionCreator final : public SessionCreator {
 public:
  static constexpr std::int64_t kDefaultMaxWaitNs = 1'800'000'000'000;
  explicit WorkerSessionCreator(SessionFactory factory, std::shared_ptr<Scaffold> scaffold = nullptr,
                                std::int64_t max_wait_ns = kDefaultMaxWaitNs,
                                std::int64_t poll_ns = SessionManager::kDefaultPollNs);
  CreatedSession create_session(const CreationContext& context) override;

 private:
  SessionManager manager_;
  std::int64_t max_wait_ns_;
};

// Calls a function for each session.
class FunctionSessionCreator final : public SessionCreator {
 public:
  using Function = std::function<CreatedSession(const CreationContext&)>;
  explicit FunctionSessionCreator(Function function);
  CreatedSession create_session(const CreationContext& context) override { return function_(context); }

 private:
  Function function_;
};

// Gives one session that exists already. To create another fails with FAILED_PRECONDITION, so nothing is recovered.
std::shared_ptr<SessionCreator> single_session_creator(std::shared_ptr<Session> session);

}  // namespace runhook::inline v1

#endif  // RUNHOOK_SESSION_CREATOR_HPP_
