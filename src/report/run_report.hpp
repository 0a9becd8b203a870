// What a run report tells, and the page made of it.
#ifndef RUNHOOK_SRC_REPORT_RUN_REPORT_HPP_
#define RUNHOOK_SRC_REPORT_RUN_REPORT_HPP_

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "output/process_facts.hpp"
#include "report/files_beside.hpp"
#include "report/series.hpp"
#include "run/counted_warning.hpp"
#include "run/run_marks.hpp"
#include "runhook/outcome.hpp"
#include "runhook/timings.hpp"

namespace runhook::inline v1 {
namespace detail::report {

struct NamedSeries {
  std::string name;
  Series data;
  bool fetched = false;  // by the hook, which has not given an error for it
  bool logged = false;   // there is a value of this name that was logged
};

struct RunReport {
  std::string title;  // empty: "Run report"
  Outcome outcome;    // kind `running`: the page says that it was written while the run went on
  std::chrono::system_clock::time_point started;
  std::chrono::system_clock::time_point written;
  std::int64_t start_ns = 0;     // of the session's clock, as StopReason::time_ns
  std::int64_t duration_ns = 0;  // from the start until the end, or until now
  std::int64_t first_step = 0;   // global step at the start
  std::vector<NamedSeries> series;
  Series speed;                // steps per second; its steps are the nanoseconds from the start on
  std::vector<RunMark> marks;  // in the order in which they began
  std::array<std::uint64_t, kMarkKinds> mark_counts{};     // with those that are not kept
  Timings timings;                                         // without samples: not measured
  std::vector<StopReason> later_stops;                     // requests after the first
  std::uint64_t later_stops_dropped = 0;                   // how many more there were
  std::vector<CountedWarning> warnings;                    // the first ones; Outcome::warnings is how many there were
  std::vector<std::pair<std::string, std::string>> facts;  // other facts to be shown: name and text
  ProcessFacts process;
  std::vector<FileBeside> files;  // in the directory of the page
  std::string library_version;
};

// Makes one HTML page that needs no other file and no script. The same report gives the same page.
std::string render_html(const RunReport& report);

}  // namespace detail::report
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_REPORT_RUN_REPORT_HPP_
