#include <string>

#include "base/monotonic.hpp"
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

void add_time(Html& html, std::chrono::system_clock::time_point time) {
  html.add("<time datetime=\"{}\">{}</time>", iso_time(time), readable_time(time));
}

void add_figure(Html& html, std::string_view name, std::string_view value) {
  html.add("<div class=\"card\"><dt>{}</dt><dd>{}</dd></div>\n", name, value);
}

}  // namespace

void add_figures(Html& html, const RunReport& report) {
  const Outcome& outcome = report.outcome;
  html.begin_section("figures", "Key figures");
  html.raw("<dl class=\"figures\">\n");
  add_figure(html, "Global step", grouped(outcome.step));
  add_figure(html, report.first_step != 0 ? fmt::format("Runs, from step {}", grouped(report.first_step)) : "Runs",
             grouped(outcome.runs));
  add_figure(html, "Duration", duration_text(report.duration_ns));
  if (report.duration_ns > 0 && outcome.runs > 0) {
    const double rate = static_cast<double>(outcome.runs) / in_seconds(report.duration_ns);
    add_figure(html, "Runs per second", rate_text(rate));
  }
  if (report.timings.step.samples > 0) add_figure(html, "Step time, median", duration_text(report.timings.step.p50_ns));
  add_figure(html, "Recoveries", grouped(outcome.recoveries));
  add_figure(html, "Warnings", grouped(outcome.warnings));
  html.raw("</dl>\n</section>\n");
}

void add_process(Html& html, const RunReport& report) {
  const ProcessFacts& process = report.process;
  const std::string command = shell_quoted(process.command);
  if (command.empty() && process.host.empty() && report.files.empty()) return;
  html.begin_section("process", "Command and files");
  html.raw("<dl class=\"card pairs\">\n");
  if (!command.empty()) html.pair("Command", fmt::format("<code>{}</code>", escaped(command)));
  if (!process.working_directory.empty()) {
    html.pair("In", fmt::format("<code>{}</code>", escaped(process.working_directory)));
  }
  if (!process.host.empty()) html.pair("On", fmt::format("{}, process {}", escaped(process.host), process.pid));
  if (!report.files.empty()) {
    html.raw("<dt>Files beside this page</dt><dd><ul class=\"files\">\n");
    for (const FileBeside& file : report.files) {
      html.add("<li><a href=\"{}\">{}</a> <span class=\"where\">{}</span></li>\n", link_to(file.name),
               escaped(file.name), file.opener);
    }
    html.raw("</ul></dd>\n");
  }
  html.raw("</dl>\n</section>\n");
}

void add_facts(Html& html, const RunReport& report) {
  if (report.facts.empty()) return;
  html.begin_section("facts", "About this run");
  html.raw("<dl class=\"card pairs\">\n");
  for (const auto& [name, text] : report.facts) html.pair(escaped(name), escaped(text));
  html.raw("</dl>\n</section>\n");
}

std::string render_html(const RunReport& report) {
  Html html;
  const std::string title = report.title.empty() ? "Run report" : escaped(report.title);
  // Of a run that has failed, what went before may say why.
  const bool first = report.outcome.kind == OutcomeKind::failed && report.outcome.warnings > 0;
  add_head(html, report, title);
  html.add("<body>\n<header>\n<h1>{}</h1>\n<p>Began ", title);
  add_time(html, report.started);
  html.raw(report.outcome.kind == OutcomeKind::running ? ", written " : ", ended ");
  add_time(html, report.written);
  html.raw("</p>\n</header>\n<main>\n");
  add_outcome(html, report);
  if (first) add_warnings(html, report);
  add_figures(html, report);
  add_values(html, report);
  add_process(html, report);
  add_metrics(html, report);
  add_speed(html, report);
  add_step_times(html, report);
  add_hook_times(html, report);
  if (!first) add_warnings(html, report);
  add_later_stops(html, report);
  add_facts(html, report);
  html.add("</main>\n<footer>\n<p>Written by runhook {} on ", escaped(report.library_version));
  add_time(html, report.written);
  html.raw("</p>\n</footer>\n</body>\n</html>\n");
  return html.take();
}

}  // namespace detail::report
}  // namespace runhook::inline v1
