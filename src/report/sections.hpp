// The sections of the run report. Each writes itself, or nothing if there is nothing to be told.
#ifndef RUNHOOK_SRC_REPORT_SECTIONS_HPP_
#define RUNHOOK_SRC_REPORT_SECTIONS_HPP_

#include <string_view>

#include "report/html.hpp"
#include "report/run_report.hpp"

namespace runhook::inline v1 {
namespace detail::report {

// "Stopped", "Failed", ...
std::string_view outcome_word(const Outcome& outcome) noexcept;

void add_outcome(Html& html, const RunReport& report);
void add_figures(Html& html, const RunReport& report);
void add_values(Html& html, const RunReport& report);
void add_process(Html& html, const RunReport& report);
void add_metrics(Html& html, const RunReport& report);
void add_speed(Html& html, const RunReport& report);
void add_step_times(Html& html, const RunReport& report);
void add_hook_times(Html& html, const RunReport& report);
void add_warnings(Html& html, const RunReport& report);
void add_later_stops(Html& html, const RunReport& report);
void add_facts(Html& html, const RunReport& report);

// An <li> with the error and, below it, those that followed it.
void add_error(Html& html, const Error& error);

}  // namespace detail::report
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_REPORT_SECTIONS_HPP_
