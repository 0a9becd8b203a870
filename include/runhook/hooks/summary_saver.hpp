// runhook/hooks/summary_saver.hpp: writes summaries while a session runs, and when it has ended.
#ifndef RUNHOOK_HOOKS_SUMMARY_SAVER_HPP_
#define RUNHOOK_HOOKS_SUMMARY_SAVER_HPP_

#include <memory>
#include <string>
#include <vector>

#include "runhook/hook.hpp"
#include "runhook/summary_writer.hpp"

namespace runhook::inline v1 {

struct SummarySaverOptions {
  // What to fetch and to write, with its name as the tag: either these ...
  std::vector<std::string> scalars = {};
  std::vector<std::string> histograms = {};  // tensors of any shape
  std::vector<std::string> texts = {};       // strings or bytes
  std::vector<std::string> images = {};      // as for SummaryWriter::add_image()
  // ... or what gives bytes that are an encoded Summary message, with tags of its own.
  std::vector<std::string> summaries = {};
  // Where to: one of the two.
  std::shared_ptr<SummaryWriter> writer = {};  // which others may use as well; it is not closed
  std::string directory = {};                  // a file of its own in it for each session
  SummaryWriterOptions writer_options = {};    // of that file
};

// Fetches values and writes them as summaries of the step they were made in. Registered with a trigger, as make() does,
// it costs nothing in the other runs. Whenever a session is created it first tells readers at which step that begins,
// so that what a recovery or a restart makes again is not shown twice. Nothing more is written at the end, only what
// waits. A value that does not fit its kind fails the hook; what cannot be written is a warning.
// After tf.estimator.SummarySaverHook. Since 1.0.
class SummarySaverHook final : public SessionRunHook {
 public:
  // Throws INVALID_ARGUMENT: nothing to fetch, both values and encoded summaries, a name that is empty or given twice,
  // neither or both of writer and directory.
  explicit SummarySaverHook(SummarySaverOptions options);
  ~SummarySaverHook() override;
  std::string_view name() const override { return "summary saver"; }
  void begin(SessionRunContext& context) override;
  void after_create_session(SessionRunContext& context) override;
  void before_run(SessionRunContext& context) override;
  void after_run(SessionRunContext& context, const SessionRunValues& values) override;
  void end(SessionRunContext& context) override;
  void cleanup(SessionRunContext& context, const Outcome& outcome) override;

  // What it writes to, for others who have something for the same file; NULL unless a run is under way.
  SummaryWriter* writer() const noexcept;

  // With the trigger that it is meant to have: due in the first run and then every 100 steps, if none is given.
  static HookRegistration make(SummarySaverOptions options, Trigger trigger = Trigger::every_steps(100));

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct SummaryAtEndOptions {
  // As for SummarySaverOptions, but there may be nothing to write, and both kinds.
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

// Fetches values once, when the run has ended and has not failed, in a run of the session without hooks, and writes
// them as summaries of the last step. That is for what an evaluation has added up; a session that makes a step whatever
// is fetched makes one more. After tf.contrib.training.SummaryAtEndHook. Since 1.0.
class SummaryAtEndHook final : public SessionRunHook {
 public:
  // Throws INVALID_ARGUMENT for a name that is empty or given twice, and for neither or both of writer and directory.
  explicit SummaryAtEndHook(SummaryAtEndOptions options);
  ~SummaryAtEndHook() override;
  std::string_view name() const override { return "summary at end"; }
  void end(SessionRunContext& context) override;
  void cleanup(SessionRunContext& context, const Outcome& outcome) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_SUMMARY_SAVER_HPP_
