// runhook/hooks/report.hpp: leaves a page behind that says what a run was.
#ifndef RUNHOOK_HOOKS_REPORT_HPP_
#define RUNHOOK_HOOKS_REPORT_HPP_

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runhook/hook.hpp"

namespace runhook::inline v1 {

struct ReportOptions {
  std::string path = {};                                        // of the page, which is replaced; directories are made
  std::string title = {};                                       // empty: "Run report"
  std::vector<std::string> metrics = {};                        // to fetch and draw; scalars
  std::vector<std::pair<std::string, std::string>> facts = {};  // what else is to be said of the run: name and text
  std::chrono::nanoseconds interval = std::chrono::seconds(1);  // between fetches, with make(); 0: in every run
  std::chrono::nanoseconds refresh =
      std::chrono::seconds(30);  // between pages while the run goes on; 0: at its end only
};

// Writes one HTML page, complete in itself: how the run ended, who asked for it and why, metrics as charts, how long
// steps took, the time of each hook, warnings and errors. Needs no network and no script; for phones, the dark, screen
// readers and paper as well.
//
// Fetches the metrics in the runs in which it is due. What it keeps of them is bounded, some 30 KiB for each: of long
// runs the resolution goes down, but no peak is lost. The page is also written while the run goes on, so that one is
// there whatever becomes of the run. That takes the step some milliseconds; the file is written by a thread of its own.
//
// With make() it never fails a run: a name that is not known, a value that is no number, and a file that cannot be
// written are warnings, the former once for each name. Since 1.0.
class ReportHook final : public SessionRunHook {
 public:
  explicit ReportHook(ReportOptions options);  // throws INVALID_ARGUMENT: no path, an empty metric, a negative time
  ~ReportHook() override;
  std::string_view name() const override { return "report"; }
  void begin(SessionRunContext& context) override;
  void after_create_session(SessionRunContext& context) override;
  void before_run(SessionRunContext& context) override;
  void after_run(SessionRunContext& context, const SessionRunValues& values) override;
  void cleanup(SessionRunContext& context, const Outcome& outcome) override;

  // Due every `interval` and in the last run, a warning if it fails, and before other hooks, so that it sees what they
  // reject, and is cleaned up after them, so that their warnings are on the page.
  static HookRegistration make(ReportOptions options);

 private:
  struct Run;  // what is known of the present one
  void write(SessionRunContext& context, const Outcome& outcome);
  const ReportOptions options_;
  std::unique_ptr<Run> run_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_REPORT_HPP_
