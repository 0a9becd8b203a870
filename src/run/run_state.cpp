#include "run/run_state.hpp"

#include <filesystem>
#include <system_error>

#include "base/one_line.hpp"
#include "runhook/outcome.hpp"

namespace runhook::inline v1 {
namespace detail {

HookSlot::HookSlot(RunState& run_state) noexcept
    : state(run_state), values(request.results, run_state.attempt.options.merged(), run_state.attempt.metadata) {}

RunState::RunState() : log_sink(log_to_stderr) {}
RunState::~RunState() = default;

bool RunState::request_stop(StopReason& reason, StopUrgency urgency) {
  const bool of_step = reason.set_urgency(urgency);
  switch (hot.callback) {
    case CallbackKind::before_run:
    case CallbackKind::after_run:
    case CallbackKind::on_values:
    case CallbackKind::inline_step:
    case CallbackKind::step_function:
      if (of_step) return stops.add(reason, *session.stop);
      break;
    default:
      break;
  }
  return session.stop->request(reason);
}

std::string RunState::place_of(const std::string& directory) const {
  std::error_code unknown;
  const bool is_shared =
      !shared_directory.empty() && std::filesystem::equivalent(directory, shared_directory, unknown) && !unknown;
  return is_shared ? own_directory : directory;
}

void RunState::log(LogRecord record) const noexcept {
  try {
    if (is_one_line(record.message)) return log_sink(record);
    const std::string line = one_line(record.message);
    record.message = line;
    log_sink(record);
  } catch (...) {  // NOLINT(bugprone-empty-catch): a log that fails must not fail the run
  }
}

void RunState::log(LogLevel level, std::string_view text, std::string_view hook) const noexcept {
  if (hook.empty() && context != nullptr) hook = context->hook_name();
  log({.level = level, .message = text, .step = session.global_step, .hook = hook});
}

}  // namespace detail
}  // namespace runhook::inline v1
