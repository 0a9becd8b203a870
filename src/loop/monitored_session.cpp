#include "runhook/monitored_session.hpp"

#include <exception>

#include "loop/loop.hpp"

namespace runhook::inline v1 {

using detail::Loop;

Session& StepContext::session() const { return loop_.state().context->session(); }
std::shared_ptr<Session> StepContext::shared_session() const { return loop_.state().session.raw; }
SessionRunContext& StepContext::run_context() const noexcept { return *loop_.state().context; }

const Results& StepContext::run_with_hooks(const SessionRunArgs& args) {
  loop_.run_with_hooks(args);
  return loop_.results();
}

void StepContext::request_stop(std::int32_t code, std::string_view text) {
  loop_.state().context->request_stop(code, text);
  throw StatusError(StatusCode::stopped, "the step function has requested a stop");
}

// In two steps, since callbacks may ask for the session as soon as there is a loop.
MonitoredSession::MonitoredSession(Config config)
    : loop_(std::make_unique<Loop>(std::move(config), *this)), uncaught_(std::uncaught_exceptions()) {
  loop_->start();
}

namespace {

void end(Loop& loop, bool by_exception) noexcept {
  try {
    const Loop::Entry entry(loop);
    // The exception of a run that failed is known already.
    if (by_exception && !loop.should_stop() && !loop.last_run_failed()) {
      loop.fail(Error(StatusCode::unknown,
                      "an exception left the scope of the session, which cannot see what it says, as scope() can"));
    }
    loop.leave_step(by_exception);
    loop.close(/*heard=*/false);
  } catch (...) {
    // close() has logged the outcome, which holds the error.
  }
}

}  // namespace

MonitoredSession::~MonitoredSession() {
  const bool by_exception = std::uncaught_exceptions() > uncaught_;
  if (loop_->called_back()) {  // the callback's loop has to outlive it
    Loop* const loop = loop_.release();
    loop->abandoned();
    loop->defer_until_idle([loop] {
      end(*loop, /*by_exception=*/false);
      delete loop;
    });
    return;
  }
  end(*loop_, by_exception);
}

// A callback may destroy the session, so that only the loop is certain to be there afterwards.

const Results& MonitoredSession::run(const SessionRunArgs& args) {
  Loop& loop = *loop_;
  const Loop::Entry entry(loop);
  loop.run(args);
  return loop.results();
}

void MonitoredSession::run(const SessionRunArgs& args, Results* results, RunMetadata* metadata) {
  Loop& loop = *loop_;
  const Loop::Entry entry(loop);
  loop.run(args);
  if (results != nullptr || metadata != nullptr) loop.copy_out(results, metadata);
}

std::int64_t MonitoredSession::run_until_stop(const SessionRunArgs& args, std::int64_t max_steps) {
  std::int64_t completed = 0;
  run_until_stop(args, max_steps, &completed);
  return completed;
}

void MonitoredSession::run_until_stop(const SessionRunArgs& args, std::int64_t max_steps, std::int64_t* completed) {
  const Loop::Entry entry(*loop_);
  std::int64_t count = 0;
  loop_->run_until_stop(args, max_steps, completed != nullptr ? *completed : count);
}

InlineStep* MonitoredSession::next() {
  Loop& loop = *loop_;
  const Loop::Entry entry(loop);
  return loop.next() ? &loop.inline_step() : nullptr;
}

InlineStep* MonitoredSession::begin_step(const SessionRunArgs& args) {
  Loop& loop = *loop_;
  const Loop::Entry entry(loop);
  return loop.begin_step(args) ? &loop.inline_step() : nullptr;
}

void MonitoredSession::end_step() {
  Loop& loop = *loop_;
  const Loop::Entry entry(loop);
  loop.end_step();
}

void MonitoredSession::abandon_step() {
  Loop& loop = *loop_;
  const Loop::Entry entry(loop);
  loop.abandon_step();
}

bool MonitoredSession::step_open() const noexcept { return loop_->step_open(); }

void MonitoredSession::run_step_function(const std::function<void(StepContext&)>& fn) {
  const Loop::Entry entry(*loop_);
  loop_->run_step_function(fn);
}

void MonitoredSession::scope(const std::function<void(MonitoredSession&)>& body) {
  Error error;
  try {
    body(*this);
  } catch (...) {
    error = Error::from_current_exception(StatusCode::unknown);
    {
      const Loop::Entry entry(*loop_);
      if (!loop_->closed()) loop_->fail(error);
    }
    if (!is_clean_end(error.code())) {
      try {
        close();
      } catch (const StatusError& later) {
        error.add_suppressed(later.error());
        throw StatusError(error);
      }
      throw;
    }
  }
  close();
}

bool MonitoredSession::should_stop() const noexcept { return loop_->should_stop(); }

bool MonitoredSession::request_stop(std::int32_t code, std::string_view text, StopUrgency urgency,
                                    bool planned) noexcept {
  return StopSource(loop_->stop(), StopOrigin::caller).request_stop(code, text, urgency, planned);
}

void MonitoredSession::request_save() noexcept { loop_->stop()->request_save(); }
ValueLogger MonitoredSession::logger() const noexcept { return loop_->logger(); }

StopSource MonitoredSession::stop_source() const noexcept { return StopSource(loop_->stop()); }

namespace {

// Runs `body` on the loop for a caller that may be a callback of the same loop.
template <typename Body>
auto entered_or_called_back(Loop& loop, Body&& body) {
  if (loop.called_back()) return body();
  const Loop::Entry entry(loop);
  return body();
}

}  // namespace

void MonitoredSession::clear_end_of_input() {
  entered_or_called_back(*loop_, [&] { loop_->clear_end_of_input(); });
}

std::uint64_t MonitoredSession::add_hook(std::shared_ptr<SessionRunHook> hook, HookOptions options) {
  return entered_or_called_back(*loop_, [&] { return loop_->hooks().add({std::move(hook), std::move(options)}); });
}

void MonitoredSession::remove_hook(std::uint64_t id) {
  entered_or_called_back(*loop_, [&] { loop_->hooks().remove(id); });
}

std::uint64_t MonitoredSession::hook_id(std::string_view name) const {
  return entered_or_called_back(*loop_, [&] { return loop_->hooks().find(name); });
}

void MonitoredSession::fail(const Error& error) {
  entered_or_called_back(*loop_, [&] { loop_->fail(error); });
}

void MonitoredSession::close() { close_within(loop_->grace_period_ns()); }

void MonitoredSession::close_within(std::int64_t wait_ns, bool heard) {
  const Loop::Entry entry(*loop_, wait_ns);
  loop_->close(heard);
}

void MonitoredSession::error_unheard() noexcept { loop_->error_unheard(); }

bool MonitoredSession::closed() const noexcept { return loop_->closed(); }
Outcome MonitoredSession::outcome() const { return loop_->outcome(); }
Timings MonitoredSession::timings() const { return loop_->timings(); }
std::shared_ptr<Session> MonitoredSession::session() const noexcept { return loop_->session(); }
Coordinator MonitoredSession::coordinator() const { return loop_->coordinator(); }
std::int64_t MonitoredSession::global_step() const noexcept { return loop_->global_step(); }
bool MonitoredSession::running() const noexcept { return loop_->busy(); }
const RunMetadata& MonitoredSession::metadata() const noexcept { return loop_->metadata(); }

bool MonitoredSession::defer_until_idle(std::function<void()> when_idle) {
  return loop_->defer_until_idle(std::move(when_idle));
}

namespace {

Config without_recovery(Config config) {
  config.recovery.max_attempts = 0;
  return config;
}

}  // namespace

SingularMonitoredSession::SingularMonitoredSession(Config config)
    : MonitoredSession(without_recovery(std::move(config))) {}

}  // namespace runhook::inline v1
