#include "runhook/inline_session.hpp"

#include <utility>

#include "runhook/error.hpp"
#include "runhook/snapshot.hpp"
#include "session/inline_session.hpp"
#include "session/session_preparation.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

StepCode::Names names_of(const std::optional<std::vector<std::string>>& names) {
  if (!names) return {{}, /*any=*/true};
  return {*names, /*any=*/false};
}

class InlineSessionCreator final : public SessionCreator {
 public:
  explicit InlineSessionCreator(InlineOptions options) : options_(std::move(options)) {
    if (options_.initial_step < 0) throw StatusError(StatusCode::invalid_argument, "initial_step is negative");
    if (options_.max_steps < 0) throw StatusError(StatusCode::invalid_argument, "max_steps is negative");
    const InlineSession names_are_possible(options_);
  }

  // A session that replaces a failed one goes on where the loop is, unless there is a saver that knows better.
  CreatedSession create_session(const CreationContext&) override {
    CreatedSession created{std::make_shared<InlineSession>(options_)};
    restore_from(options_.saver.get(), created);
    if (!created.restored_step && !created_ && options_.initial_step > 0) created.restored_step = options_.initial_step;
    created_ = true;
    return created;
  }
  std::shared_ptr<Saver> saver() const override { return options_.saver; }

 private:
  const InlineOptions options_;
  bool created_ = false;
};

}  // namespace

InlineSession::InlineSession(const InlineOptions& options)
    : code_(names_of(options.outputs), names_of(options.inputs)), max_steps_(options.max_steps) {}

void InlineSession::run(SessionStep&) {
  throw StatusError(StatusCode::failed_precondition,
                    "the step of this session is the body of the caller's loop, which next() begins and ends");
}

void InlineSession::end(SessionStep& step) {
  code_.check_published(step);
  code_.give_inputs(step);
  check_deadline(step);
}

}  // namespace detail

std::shared_ptr<SessionCreator> inline_session_creator(InlineOptions options) {
  return std::make_shared<detail::InlineSessionCreator>(std::move(options));
}

}  // namespace runhook::inline v1
