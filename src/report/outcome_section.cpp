#include "base/monotonic.hpp"
#include "report/sections.hpp"
#include "stop/stop_text.hpp"

namespace runhook::inline v1 {
namespace detail::report {

namespace {

constexpr std::string_view kTick = "M3 9l5 5L17 4l2 2L8 18 1 11z";

bool is_planned(const Outcome& outcome) noexcept {
  return outcome.kind == OutcomeKind::stopped && outcome.stop.planned;
}

// A sign beside the word, so that it can be told without colours.
std::string_view sign(const Outcome& outcome) noexcept {
  if (is_planned(outcome)) return kTick;
  switch (outcome.kind) {
    case OutcomeKind::completed:
    case OutcomeKind::end_of_input:
      return kTick;
    case OutcomeKind::stopped:
      return "M3 3h14v14H3z";
    case OutcomeKind::failed:
      return "M4 2l6 6 6-6 2 2-6 6 6 6-2 2-6-6-6 6-2-2 6-6-6-6z";
    case OutcomeKind::running:
      break;
  }
  return "M5 2l12 8-12 8z";
}

std::string_view style_class(const Outcome& outcome) noexcept {
  if (is_planned(outcome)) return "completed";
  switch (outcome.kind) {
    case OutcomeKind::completed:
      return "completed";
    case OutcomeKind::stopped:
      return "stopped";
    case OutcomeKind::end_of_input:
      return "end-of-input";
    case OutcomeKind::failed:
      return "failed";
    case OutcomeKind::running:
      break;
  }
  return "running";
}

std::string_view urgency_text(StopUrgency urgency) noexcept {
  return urgency == StopUrgency::now ? "at once, cancelling the step in progress" : "after the step in progress";
}

// What follows the word, as HTML.
std::string sentence(const RunReport& report) {
  const Outcome& outcome = report.outcome;
  const std::string at = fmt::format("at step {}", grouped(outcome.step));
  switch (outcome.kind) {
    case OutcomeKind::completed:
      return " " + at;
    case OutcomeKind::end_of_input:
      return fmt::format(" {}: the input was used up", at);
    case OutcomeKind::stopped: {
      const std::string why = stop_explanation(outcome.stop);
      const std::string who = escaped(stop_requester(outcome.stop));
      return fmt::format(" by <bdi>{}</bdi> {}{}<bdi>{}</bdi>", who, at, why.empty() ? "" : ": ", escaped(why));
    }
    case OutcomeKind::failed: {
      const Error& error = outcome.error;
      std::string where;
      if (!error.hook().empty()) where += fmt::format(" in hook <bdi>'{}'</bdi>", escaped(error.hook()));
      return fmt::format("{} {}: <bdi>{}</bdi>", where,
                         error.step() < 0 ? at : fmt::format("at step {}", grouped(error.step())),
                         escaped(error.message()));
    }
    case OutcomeKind::running:
      break;
  }
  return fmt::format(" {} when this page was written", at);
}

std::string after_start(const StopReason& stop, std::int64_t start_ns) {
  return fmt::format(", {} after the start", duration_text(saturating_distance(start_ns, stop.time_ns)));
}

void add_stop(Html& html, const RunReport& report) {
  const StopReason& stop = report.outcome.stop;
  if (stop.origin == StopOrigin::none) return;
  html.raw("<dl class=\"pairs\">\n");
  const std::string why = stop_explanation(stop);
  if (report.outcome.kind != OutcomeKind::stopped) {  // else the sentence has told it
    html.pair("Asked for by", escaped(stop_requester(stop)));
    if (!why.empty()) html.pair("Because", escaped(why));
  }
  if (stop.code != 0 && stop.origin != StopOrigin::signal && !stop.text().empty()) {
    html.pair("Code", fmt::format("{}", stop.code));
  }
  html.pair("Asked", fmt::format("{}{}", stop.step < 0 ? "step unknown" : "step " + grouped(stop.step),
                                 stop.time_ns > 0 ? after_start(stop, report.start_ns) : ""));
  html.pair("How soon", urgency_text(stop.urgency));
  html.raw("</dl>\n");
}

}  // namespace

std::string_view outcome_word(const Outcome& outcome) noexcept {
  if (is_planned(outcome)) return "Stopped as planned";
  switch (outcome.kind) {
    case OutcomeKind::completed:
      return "Completed";
    case OutcomeKind::stopped:
      return "Stopped";
    case OutcomeKind::end_of_input:
      return "End of input";
    case OutcomeKind::failed:
      return "Failed";
    case OutcomeKind::running:
      break;
  }
  return "Running";
}

void add_outcome(Html& html, const RunReport& report) {
  const Outcome& outcome = report.outcome;
  html.add("<section class=\"card outcome {}\" aria-labelledby=\"outcome\">\n<h2 id=\"outcome\">Outcome</h2>\n",
           style_class(outcome));
  html.add(
      "<p class=\"sentence\"><svg viewBox=\"0 0 20 20\" aria-hidden=\"true\"><path d=\"{}\"/></svg>"
      "<strong>{}</strong>{}</p>\n",
      sign(outcome), outcome_word(outcome), sentence(report));
  if (outcome.kind == OutcomeKind::running) {
    html.raw(
        "<p class=\"note\">If there is no such run any more, it has ended without a chance to say how: it was "
        "killed, or the machine went down, after this page was written.</p>\n");
  }
  if (outcome.kind == OutcomeKind::failed) {
    html.raw("<ul class=\"errors\">\n");
    add_error(html, outcome.error);
    html.raw("</ul>\n");
  }
  if (outcome.kind != OutcomeKind::stopped && outcome.stop.origin != StopOrigin::none) {
    html.raw("<p class=\"note\">A stop had been asked for as well:</p>\n");
  }
  add_stop(html, report);
  html.raw("</section>\n");
}

void add_later_stops(Html& html, const RunReport& report) {
  if (report.later_stops.empty() && report.later_stops_dropped == 0) return;
  html.begin_section("stops", "Later requests to stop");
  html.raw("<div class=\"card\">\n<ul class=\"errors\">\n");
  for (const StopReason& stop : report.later_stops) {
    const std::string why = stop_explanation(stop);
    html.add("<li><bdi>{}{}{}</bdi> <span class=\"where\">{}{}</span></li>\n", escaped(stop_requester(stop)),
             why.empty() ? "" : ": ", escaped(why), stop.step < 0 ? "step unknown" : "step " + grouped(stop.step),
             stop.time_ns > 0 ? after_start(stop, report.start_ns) : "");
  }
  html.raw("</ul>\n");
  if (report.later_stops_dropped > 0) {
    html.add("<p class=\"note\">and {} more</p>\n", grouped(report.later_stops_dropped));
  }
  html.raw("</div>\n</section>\n");
}

}  // namespace detail::report
}  // namespace runhook::inline v1
