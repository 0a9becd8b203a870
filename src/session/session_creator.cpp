#include "runhook/session_creator.hpp"

#include <utility>

#include "runhook/error.hpp"

namespace runhook::inline v1 {

namespace {

std::shared_ptr<Scaffold> or_new(std::shared_ptr<Scaffold> scaffold) {
  return scaffold != nullptr ? std::move(scaffold) : std::make_shared<Scaffold>();
}

class SingleSessionCreator final : public SessionCreator {
 public:
  explicit SingleSessionCreator(std::shared_ptr<Session> session) noexcept : session_(std::move(session)) {}

  CreatedSession create_session(const CreationContext&) override {
    if (session_ == nullptr) {
      throw StatusError(StatusCode::failed_precondition,
                        "the only session has been handed out already; who needs one more than once gives the config a "
                        "session creator");
    }
    return {std::exchange(session_, nullptr), std::nullopt};
  }

 private:
  std::shared_ptr<Session> session_;
};

}  // namespace

ChiefSessionCreator::ChiefSessionCreator(SessionFactory factory, std::shared_ptr<Scaffold> scaffold)
    : scaffold_(or_new(std::move(scaffold))), manager_(std::move(factory), scaffold_) {}

CreatedSession ChiefSessionCreator::create_session(const CreationContext& context) {
  return manager_.prepare_session(context);
}

WorkerSessionCreator::WorkerSessionCreator(SessionFactory factory, std::shared_ptr<Scaffold> scaffold,
                                           std::int64_t max_wait_ns, std::int64_t poll_ns)
    : manager_(std::move(factory), std::move(scaffold), poll_ns), max_wait_ns_(max_wait_ns) {}

CreatedSession WorkerSessionCreator::create_session(const CreationContext& context) {
  return manager_.wait_for_session(max_wait_ns_, context);
}

FunctionSessionCreator::FunctionSessionCreator(Function function) : function_(std::move(function)) {
  if (!function_) throw StatusError(StatusCode::invalid_argument, "a session creator needs a function");
}

std::shared_ptr<SessionCreator> single_session_creator(std::shared_ptr<Session> session) {
  if (session == nullptr) throw StatusError(StatusCode::invalid_argument, "there is no session to hand out");
  return std::make_shared<SingleSessionCreator>(std::move(session));
}

}  // namespace runhook::inline v1
