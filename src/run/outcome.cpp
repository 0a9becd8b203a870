#include "runhook/outcome.hpp"

#include <string_view>

#include "base/format.hpp"
#include "base/one_line.hpp"
#include "base/signal_name.hpp"
#include "stop/stop_text.hpp"

namespace runhook::inline v1 {

namespace detail {

std::string stop_requester(const StopReason& stop) {
  const std::string_view who = stop.who();
  const auto named = [who](std::string_view noun) {
    return who.empty() ? std::string(noun) : fmt::format("{} '{}'", noun, who);
  };
  switch (stop.origin) {
    case StopOrigin::none:
      return "nobody";
    case StopOrigin::caller:
      return "the caller";
    case StopOrigin::hook:
      return named(who.empty() ? "a hook" : "hook");
    case StopOrigin::source:
      return who.empty() ? std::string("a stop source") : fmt::format("a stop source in '{}'", who);
    case StopOrigin::coordinator:
      return who.empty() || who == "coordinator" ? std::string("a coordinator")
                                                 : fmt::format("coordinated thread '{}'", who);
    case StopOrigin::step_function:
      return "a step function";
    case StopOrigin::signal:
      return signal_name(stop.code);
    case StopOrigin::session:
      return "the session";
  }
  return "somebody";
}

std::string stop_explanation(const StopReason& stop) {
  if (stop.origin == StopOrigin::signal) return {};  // its text is its number
  if (stop.text().empty()) return stop.code == 0 ? std::string() : fmt::format("code {}", stop.code);
  return std::string(stop.text());
}

}  // namespace detail

namespace {

std::string counted(std::int64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

}  // namespace

std::string Outcome::to_string() const {
  std::string line;
  std::string why;
  switch (kind) {
    case OutcomeKind::running:
      line = "running";
      break;
    case OutcomeKind::completed:
      line = "completed";
      break;
    case OutcomeKind::stopped:
      line = (stop.planned ? "stopped as planned by " : "stopped by ") + detail::stop_requester(stop);
      why = detail::stop_explanation(stop);
      break;
    case OutcomeKind::end_of_input:
      line = "end of input";
      break;
    case OutcomeKind::failed:
      line = "failed";
      why = error.to_string();
      break;
  }
  // Of a failure the error says where it was.
  if (kind != OutcomeKind::failed || error.step() < 0) detail::append_format(line, " at step {}", step);
  if (recoveries > 0) line += " after " + counted(recoveries, "recovery", "recoveries");
  if (warnings > 0) line += " with " + counted(warnings, "warning", "warnings");
  if (!why.empty()) line += ": " + why;
  return detail::one_line(line);  // whatever the texts hold
}

}  // namespace runhook::inline v1
