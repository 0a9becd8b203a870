#include "report/sections.hpp"

namespace runhook::inline v1 {
namespace detail::report {

namespace {

constexpr int kDeepest = 4;  // errors below errors

void add_error_at(Html& html, const Error& error, int depth, std::string_view times = {}) {
  html.add("<li><span class=\"code\">{}</span> <span class=\"message\">{}</span>", status_name(error.code()),
           escaped(error.message()));
  std::string where;
  if (!error.hook().empty()) where += fmt::format("hook <b>{}</b>, ", escaped(error.hook()));
  if (!error.callback().empty()) where += fmt::format("callback <code>{}</code>, ", escaped(error.callback()));
  if (error.step() >= 0) where += fmt::format("step {}, ", grouped(error.step()));
  if (!times.empty()) where += fmt::format("<b>{}</b>, ", times);
  if (!where.empty()) html.add("<br><span class=\"where\">{}</span>", where.substr(0, where.size() - 2));
  const std::size_t count = error.suppressed_count();
  const std::uint64_t total = count + error.suppressed_dropped();
  if (total > 0) {
    html.add("\n<p class=\"note\">{} after it:</p>\n", counted(total, "more error", "more errors"));
    if (depth < kDeepest) {
      html.raw("<ul class=\"errors\">\n");
      for (std::size_t i = 0; i < count; ++i) add_error_at(html, error.suppressed(i), depth + 1);
      if (total > count) html.add("<li>and {} of which nothing was kept</li>\n", grouped(total - count));
      html.raw("</ul>\n");
    }
  }
  html.raw("</li>\n");
}

}  // namespace

void add_error(Html& html, const Error& error) { add_error_at(html, error, 0); }

void add_warnings(Html& html, const RunReport& report) {
  html.begin_section("warnings", "Warnings");
  html.raw("<div class=\"card\">\n");
  const auto total = static_cast<std::uint64_t>(report.outcome.warnings);
  std::uint64_t told = 0;
  for (const CountedWarning& warning : report.warnings) told += warning.count;
  if (total > told) html.add("<p>{} in all; the first {} of them:</p>\n", grouped(total), told);
  if (report.warnings.empty()) {
    html.raw(total == 0 ? "<p>None.</p>\n" : "");
  } else {
    html.raw("<ul class=\"errors\">\n");
    for (const CountedWarning& warning : report.warnings) {
      std::string times;
      if (warning.count > 1) {
        times = fmt::format("{} times", grouped(warning.count));
        if (warning.last_step >= 0) append_format(times, ", last at step {}", grouped(warning.last_step));
      }
      add_error_at(html, warning.error, 0, times);
    }
    html.raw("</ul>\n");
  }
  html.raw("</div>\n</section>\n");
}

}  // namespace detail::report
}  // namespace runhook::inline v1
