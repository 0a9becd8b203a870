#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "report/chart.hpp"
#include "report/sections.hpp"

namespace runhook::inline v1 {
namespace detail::report {

namespace {

constexpr std::size_t kMostCallbacks = 200;

double part(std::int64_t ns, std::int64_t whole) {
  return whole > 0 ? static_cast<double>(ns) / static_cast<double>(whole) : 0;
}

struct HookTime {
  std::string name;
  std::int64_t total_ns = 0;
};

std::vector<HookTime> by_hook(const std::vector<CallbackTiming>& callbacks) {
  std::vector<HookTime> hooks;
  for (const CallbackTiming& callback : callbacks) {
    const auto known = std::find_if(hooks.begin(), hooks.end(), [&](const auto& h) { return h.name == callback.hook; });
    HookTime& hook = known != hooks.end() ? *known : hooks.emplace_back(HookTime{callback.hook, 0});
    hook.total_ns += callback.total_ns;
  }
  return hooks;
}

// Which of them is where if those that took most come first.
template <typename Timing>
std::vector<std::size_t> by_time(const std::vector<Timing>& timings) {
  std::multimap<std::int64_t, std::size_t, std::greater<>> sorted;
  for (std::size_t i = 0; i < timings.size(); ++i) sorted.emplace(timings[i].total_ns, i);
  std::vector<std::size_t> order;
  for (const auto& [time, index] : sorted) order.push_back(index);
  return order;
}

// How much of the run's time the session, the hooks and the rest take.
void add_shares(Html& html, const RunReport& report, std::int64_t hooks_ns, std::int64_t whole) {
  if (whole <= 0) return;
  const double session = part(report.timings.session_run.total_ns, whole);
  const double hooks = part(hooks_ns, whole);
  html.add(
      "<div class=\"shares\" aria-hidden=\"true\"><i style=\"width:{:.2f}%\"></i>"
      "<i class=\"hooks\" style=\"width:{:.2f}%\"></i></div>\n",
      100 * session, 100 * hooks);
  html.add(
      "<ul class=\"legend\"><li style=\"--key:var(--blue)\">the session's steps {}</li>"
      "<li style=\"--key:var(--violet)\">hooks {}</li><li style=\"--key:var(--grid)\">everything else {}</li>"
      "</ul>\n",
      percent(session), percent(hooks), percent(std::max(0.0, 1 - session - hooks)));
}

void add_hooks(Html& html, std::int64_t whole, const std::vector<HookTime>& hooks) {
  html.raw("<table>\n<caption>Time per hook, all callbacks together, and its share of the run</caption>\n");
  html.begin_rows({"Hook", "Time", "Share"});
  const std::vector<std::size_t> order = by_time(hooks);
  const std::int64_t longest = hooks[order.front()].total_ns;
  for (const std::size_t index : order) {
    const HookTime& hook = hooks[index];
    html.add(
        "<tr><th scope=\"row\">{}<span class=\"bar\" aria-hidden=\"true\"><i style=\"width:{:.1f}%\"></i></span></th>"
        "<td>{}</td><td>{}</td></tr>\n",
        escaped(hook.name), 100 * part(hook.total_ns, longest), duration_text(hook.total_ns),
        percent(part(hook.total_ns, whole)));
  }
  html.end_rows();
}

void add_callbacks(Html& html, const std::vector<CallbackTiming>& callbacks) {
  const std::vector<std::size_t> order = by_time(callbacks);
  const std::size_t rows = std::min(callbacks.size(), kMostCallbacks);
  html.raw("<details>\n<summary>Table of all callbacks</summary>\n");
  html.begin_scroll("Time per callback");
  html.raw("<table class=\"names\">\n");
  if (rows < callbacks.size()) {
    html.add("<caption>The {} that took most, of {}</caption>\n", rows, grouped(callbacks.size()));
  } else {
    html.raw("<caption>Time per callback</caption>\n");
  }
  html.begin_rows({"Hook", "Callback", "Total", "Mean", "Longest", "Measured"});
  for (std::size_t i = 0; i < rows; ++i) {
    const CallbackTiming& row = callbacks[order[i]];
    html.add("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
             escaped(row.hook), escaped(row.callback), duration_text(row.total_ns), duration_text(row.mean_ns),
             duration_text(row.max_ns), grouped(row.samples));
  }
  html.end_rows();
  html.raw("</div>\n</details>\n");
}

}  // namespace

void add_step_times(Html& html, const RunReport& report) {
  const Timings& timings = report.timings;
  if (timings.step.samples == 0) return;
  html.begin_section("steps", "Step time");
  add_step_time_chart(html, timings);
  if (timings.step.samples < timings.runs - timings.runs / 100) {  // the number of runs is an estimate, too
    html.add("<p class=\"note\">Measured in {} of {}; the rest is estimated.</p>\n", grouped(timings.step.samples),
             counted(static_cast<std::uint64_t>(timings.runs), "step", "steps"));
  }
  html.raw("</section>\n");
}

void add_hook_times(Html& html, const RunReport& report) {
  if (report.timings.callbacks.empty() && report.timings.session_run.total_ns == 0) return;
  html.begin_section("hooks", "Where the time went");
  html.raw("<div class=\"card\">\n");
  const std::vector<HookTime> hooks = by_hook(report.timings.callbacks);
  std::int64_t hooks_ns = 0;
  for (const HookTime& hook : hooks) hooks_ns += hook.total_ns;
  // Times are estimated from samples, and may come to more than the run has taken.
  const std::int64_t whole = std::max(report.duration_ns, report.timings.session_run.total_ns + hooks_ns);
  add_shares(html, report, hooks_ns, whole);
  if (!hooks.empty()) {
    add_hooks(html, whole, hooks);
    add_callbacks(html, report.timings.callbacks);
  }
  html.raw("</div>\n</section>\n");
}

}  // namespace detail::report
}  // namespace runhook::inline v1
