#include <string>

#include "report/sections.hpp"
#include "report/style.hpp"

namespace runhook::inline v1 {
namespace detail::report {

namespace {

void add_head(Html& html, const RunReport& report, const std::string& title) {
  html.add(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<meta name=\"generator\" content=\"runhook {}\">\n<title>{}: {}</title>\n<style>",
      escaped(report.library_version), outcome_word(report.outcome), title);
  html.raw(report_style);
  html.raw("</style>\n</head>\n");
}

void add_figure(Html& html, std::string_view name, std::string_view value) {
  html.add("<div class=\"card\"><dt>{}</dt><dd>{}</dd></div>\n", name, value);
}

}  // namespace

void add_figures(Html& html, const RunReport& report) {
  const Outcome& outcome = report.outcome;
  html.raw("<section aria-labelledby=\"figures\">\n<h2 id=\"figures\">Key figures</h2>\n<dl class=\"figures\">\n");
  add_figure(html, "Global step", grouped(outcome.step));
  add_figure(html, report.first_step != 0 ? fmt::format("Runs, from step {}", grouped(report.first_step)) : "Runs",
             grouped(outcome.runs));
  add_figure(html, "Duration", duration_text(report.duration_ns));
  if (report.duration_ns > 0 && outcome.runs > 0) {
    const double rate = static_cast<double>(outcome.runs) / (static_cast<double>(report.duration_ns) * 1e-9);
    add_figure(html, "Runs per second", rate < 1000 ? fmt::format("{:.3g}", rate) : short_count(rate));
  }
  if (report.timings.step.samples > 0) add_figure(html, "Step time, median", duration_text(report.timings.step.p50_ns));
  add_figure(html, "Recoveries", grouped(outcome.recoveries));
  add_figure(html, "Warnings", grouped(outcome.warnings));
  html.raw("</dl>\n</section>\n");
}

void add_facts(Html& html, const RunReport& report) {
  if (report.facts.empty()) return;
  html.raw("<section aria-labelledby=\"facts\">\n<h2 id=\"facts\">About this run</h2>\n<dl class=\"card pairs\">\n");
  for (const auto& [name, text] : report.facts) html.add("<dt>{}</dt><dd>{}</dd>\n", escaped(name), escaped(text));
  html.raw("</dl>\n</section>\n");
}

std::string render_html(const RunReport& report) {
  Html html;
  const std::string title = report.title.empty() ? "Run report" : escaped(report.title);
  add_head(html, report, title);
  html.add("<body>\n<header>\n<h1>{}</h1>\n<p>Started <time datetime=\"{}\">{}</time></p>\n</header>\n<main>\n", title,
           iso_time(report.started), readable_time(report.started));
  add_outcome(html, report);
  add_figures(html, report);
  add_metrics(html, report);
  add_step_times(html, report);
  add_hook_times(html, report);
  add_warnings(html, report);
  add_later_stops(html, report);
  add_facts(html, report);
  html.add(
      "</main>\n<footer>\n<p>Written by runhook {} on <time datetime=\"{}\">{}</time></p>\n</footer>\n</body>\n"
      "</html>\n",
      escaped(report.library_version), iso_time(report.written), readable_time(report.written));
  return html.take();
}

}  // namespace detail::report
}  // namespace runhook::inline v1
