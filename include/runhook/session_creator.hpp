// runhook/session_creator.hpp: where a MonitoredSession gets its sessions from.
#ifndef RUNHOOK_SESSION_CREATOR_HPP_
#define RUNHOOK_SESSION_CREATOR_HPP_

#include <cstdint>
#include <functional>
#include <memory>

#include "runhook/session_manager.hpp"

namespace runhook::inline v1 {

// Creates the first session, and another one for each recovery. Since 1.0.
class SessionCreator {
 public:
  virtual ~SessionCreator() = default;
  // Returns a ready session. Throws what went wrong; an error that the recovery policy calls recoverable is retried.
  virtual CreatedSession create_session(const CreationContext& context) = 0;
  // What serves save requests; NULL: nothing does.
  virtual std::shared_ptr<Saver> saver() const { return nullptr; }
  // The pieces it makes sessions ready with; NULL: it has none.
  virtual std::shared_ptr<const Scaffold> scaffold() const { return nullptr; }
};

// Initialises or restores the session: SessionManager::prepare_session.
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

// Waits until somebody else has made the model ready: SessionManager::wait_for_session.
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

// Hands out one session that exists already; a second request fails with FAILED_PRECONDITION, so nothing is recovered.
std::shared_ptr<SessionCreator> single_session_creator(std::shared_ptr<Session> session);

}  // namespace runhook::inline v1

#endif  // RUNHOOK_SESSION_CREATOR_HPP_
