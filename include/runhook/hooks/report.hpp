// runhook/hooks/report.hpp: writes a report of the run as an HTML page.
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
  std::string path = {};                                        // an older page is replaced; directories are created
  std::string title = {};                                       // empty: "Run report"
  std::vector<std::string> metrics = {};                        // to fetch and draw; scalars
  std::vector<std::pair<std::string, std::string>> facts = {};  // other facts to be shown: name and text
  std::chrono::nanoseconds interval = std::chrono::seconds(1);  // between fetches, with make(); 0: in every run
  // Time after which the page is written anew during the run, more often in the beginning (after 1, 2, 4, ... s); 0: at
  // the end only.
  std::chrono::nanoseconds refresh = std::chrono::seconds(30);
};

// Writes one HTML page: how the run ended, who asked for it and why, warnings and errors (first if the run has failed,
// equal ones once, with their number), the last, lowest and highest value of each metric, the command, host and
// process, links to the files beside the page, metrics as charts, steps per second over the run with evaluations,
// recoveries, stalls and saves, how long steps took, and the time of each hook. The page needs no other file, no
// network and no script; it suits phones, dark mode, screen readers and paper as well.
//
// A chart has one metric, or those whose names differ only in the part of the data that they are of: "train/loss" and
// "validation/loss", "loss" and "val_loss", "loss/train" and "loss/test" are lines of one chart, "loss". The words for
// this are train, training, val, valid, validation, dev, eval, evaluation, test, and the name of the in-memory
// evaluator, in any case, before the first or after the last '/', or beside the first or last '_' of what is after it.
// Charts are grouped by what is before the first '/' of their names.
//
// The speed is sampled when the hook is due, over 50 ms or more each. Of a stall that StallWatchdogHook has found there
// is the stack. The command line is that of the process, with whatever secrets are in it; after 4,000 bytes it is cut.
//
// The metrics are fetched in the runs in which the hook is due. A bounded number of values is kept, some 30 KiB for
// each metric: in a long run neighbouring ones are merged, but no peak is lost. The page is also written during the
// run, so that there is one even if the process dies. That takes some milliseconds of a step; the file is written by a
// thread of the hook.
//
// Registered by make() it never fails a run: a name that is not known, a value that is no number, and a file that
// cannot be written are warnings, the first two once for each name. Since 1.0.
class ReportHook final : public SessionRunHook, private ValueListener {
 public:
  explicit ReportHook(ReportOptions options);  // throws INVALID_ARGUMENT: no path, an empty metric, a negative time
  ~ReportHook() override;
  std::string_view name() const override { return "report"; }
  bool one_session_at_a_time() const noexcept override { return true; }
  void begin(SessionRunContext& context) override;
  void after_create_session(SessionRunContext& context) override;
  void before_run(SessionRunContext& context) override;
  void after_run(SessionRunContext& context, const SessionRunValues& values) override;
  void cleanup(SessionRunContext& context, const Outcome& outcome) override;

  ValueListener* value_listener() noexcept override { return this; }  // logged values are drawn, and texts are shown

  // Due every `interval` and in the last run; a failure is a warning. It is called before other hooks, so that it sees
  // values that they reject, and its cleanup after theirs, so that their warnings are on the page.
  static HookRegistration make(ReportOptions options);

 private:
  struct Run;  // what is known of the present run
  void on_logged(SessionRunContext& context, std::span<const LoggedValue> values) override;
  void sample_speed(SessionRunContext& context);
  void draw_last_fetched(SessionRunContext& context);
  void write(SessionRunContext& context, const Outcome& outcome);
  const ReportOptions options_;
  std::unique_ptr<Run> run_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_REPORT_HPP_
