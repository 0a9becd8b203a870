// runhook/hooks/summary_saver.hpp: writes summaries while a session runs, and when it has ended.
#ifndef RUNHOOK_HOOKS_SUMMARY_SAVER_HPP_
#define RUNHOOK_HOOKS_SUMMARY_SAVER_HPP_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runhook/hook.hpp"
#include "runhook/summary_writer.hpp"

namespace runhook::inline v1 {

struct SummarySaverOptions {
  // What to fetch and to write, with its name as the tag: either these values ...
  std::vector<std::string> scalars = {};
  std::vector<std::string> histograms = {};  // tensors of any shape
  std::vector<std::string> texts = {};       // strings or bytes
  std::vector<std::string> images = {};      // as for SummaryWriter::add_image()
  // ... or bytes that are an encoded Summary message, with its own tags.
  std::vector<std::string> summaries = {};
  // Whether logged values (SessionRunContext::log_scalar()) are written as well, and whether they are all there is. Of
  // several hooks with one writer let one write them.
  bool logged = true;
  bool only_logged = false;
  bool keep_all = false;  // every logged value is written, not only the newest when the hook is due
  // Where to: one of the two.
  std::shared_ptr<SummaryWriter> writer = {};  // others may use it as well; it is not closed
  std::string directory = {};                  // for one event file for each session
  SummaryWriterOptions writer_options = {};    // for the writers of directory
};

// Fetches values and writes them as summaries of their step. Registered with a trigger, as make() does, it costs
// nothing in the other runs. Whenever a session is created it first adds a session log with the step at which that
// begins, so that readers do not show steps twice that are repeated after a recovery or a restart. At the end no more
// values are fetched. A value that does not fit its kind fails the hook; a failure to write is a warning. After
// tf.estimator.SummarySaverHook.
//
// A logged value is written with the step in which it was logged: the newest of each name when the hook is due and at
// the end, and the first one at once. What is written before the session is saved, and by a run that goes on from
// there, is as for MetricsHook. Since 1.0.
class SummarySaverHook final : public SessionRunHook, private ValueListener {
 public:
  // Throws INVALID_ARGUMENT if there is nothing to fetch, for both values and encoded summaries, a name that is empty
  // or given twice, and neither or both of writer and directory.
  explicit SummarySaverHook(SummarySaverOptions options);
  ~SummarySaverHook() override;
  std::string_view name() const override { return "summary saver"; }
  bool one_session_at_a_time() const noexcept override { return true; }
  void begin(SessionRunContext& context) override;
  void after_create_session(SessionRunContext& context) override;
  void before_run(SessionRunContext& context) override;
  void after_run(SessionRunContext& context, const SessionRunValues& values) override;
  std::optional<std::string> save(SessionRunContext& context) override;
  void restore(SessionRunContext& context, std::string_view saved) override;
  void end(SessionRunContext& context) override;
  void cleanup(SessionRunContext& context, const Outcome& outcome) override;

  ValueListener* value_listener() noexcept override;

  // The writer, for others who add to the same file; NULL unless a session is running.
  SummaryWriter* writer() const noexcept;

  // By default it is due in the first run and then every 100 steps.
  static HookRegistration make(SummarySaverOptions options, Trigger trigger = Trigger::every_steps(100));

 private:
  void on_logged(SessionRunContext& context, std::span<const LoggedValue> values) override;
  void on_dropped() noexcept override;
  struct State;
  std::unique_ptr<State> state_;
};

struct SummaryAtEndOptions {
  // As for SummarySaverOptions, but with values, encoded summaries, both or neither.
  std::vector<std::string> scalars = {};
  std::vector<std::string> histograms = {};
  std::vector<std::string> texts = {};
  std::vector<std::string> images = {};
  std::vector<std::string> summaries = {};
  std::vector<Feed> feeds = {};  // for the run that fetches them
  std::shared_ptr<SummaryWriter> writer = {};
  std::string directory = {};
  SummaryWriterOptions writer_options = {};
};

// Fetches values once, at the end of a run that has not failed, by a run of the session without hooks, and writes them
// as summaries of the last step. It is meant for the totals of an evaluation; a session that makes a step whatever is
// fetched makes one more. After tf.contrib.training.SummaryAtEndHook. Since 1.0.
class SummaryAtEndHook final : public SessionRunHook {
 public:
  // Throws INVALID_ARGUMENT for a name that is empty or given twice, and for neither or both of writer and directory.
  explicit SummaryAtEndHook(SummaryAtEndOptions options);
  ~SummaryAtEndHook() override;
  std::string_view name() const override { return "summary at end"; }
  bool one_session_at_a_time() const noexcept override { return true; }
  void end(SessionRunContext& context) override;
  void cleanup(SessionRunContext& context, const Outcome& outcome) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_SUMMARY_SAVER_HPP_
