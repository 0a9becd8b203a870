#include "run/run_state.hpp"

#include "base/one_line.hpp"
#include "runhook/outcome.hpp"
namespace runhook::inline v1 {
namespace detail {

HookSlot::HookSlot(RunState& run_state) noexcept
    : state(run_state), values(request.results, run_state.attempt.options.merged(), run_state.attempt.metadata) {}

RunState::RunState() : log_sink(log_to_stderr) {}
RunState::~RunState() = default;

void RunState::log(LogLevel level, std::string_view text) const noexcept {
  try {
    if (is_one_line(text)) {
      log_sink(level, text);
    } else {
      log_sink(level, one_line(text));
    }
  } catch (...) {  // NOLINT(bugprone-empty-catch): a log that fails must not fail the run
  }
}

}  // namespace detail
}  // namespace runhook::inline v1
