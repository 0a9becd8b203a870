// What a run report tells, and the page made of it.
#ifndef RUNHOOK_SRC_REPORT_RUN_REPORT_HPP_
#define RUNHOOK_SRC_REPORT_RUN_REPORT_HPP_

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "report/series.hpp"
#include "runhook/outcome.hpp"

namespace runhook::inline v1 {
namespace detail::report {

struct NamedSeries {
  std::string name;
  Series data;
};

// How long steps took: so many of them between two times.
struct StepTimeBucket {
  std::int64_t from_ns = 0;
  std::int64_t to_ns = 0;
  std::uint64_t count = 0;
};

struct StepTimes {
  std::uint64_t count = 0;    // steps that it stands for
  std::uint64_t samples = 0;  // steps that were measured
  std::int64_t mean_ns = 0;
  std::int64_t p50_ns = 0;
  std::int64_t p90_ns = 0;
  std::int64_t p99_ns = 0;
  std::int64_t max_ns = 0;
  std::vector<StepTimeBucket> buckets;  // ascending, each begins where the one before it ends
};

// Time in one callback of one hook; totals are estimates if not all calls were measured.
struct CallbackTime {
  std::string hook;
  std::string callback;
  std::uint64_t samples = 0;
  std::int64_t mean_ns = 0;
  std::int64_t max_ns = 0;
  std::int64_t total_ns = 0;
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
  StepTimes step_times;                                    // count 0: not measured
  std::int64_t session_ns = 0;                             // that the session took for its steps
  std::vector<CallbackTime> callbacks;                     // in any order
  std::vector<StopReason> later_stops;                     // requests after the first
  std::uint64_t later_stops_dropped = 0;                   // and those of which no more than the number is known
  std::vector<Error> warnings;                             // the first ones; Outcome::warnings is how many there were
  std::vector<std::pair<std::string, std::string>> facts;  // what else is to be said of the run: name and text
  std::string library_version;
};

// Makes one HTML page, complete in itself: no script, nothing to be loaded. The same report gives the same page.
std::string render_html(const RunReport& report);

}  // namespace detail::report
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_REPORT_RUN_REPORT_HPP_
