// runhook/hooks/checkpoint_saver.hpp: saves a session while it runs, and has it go on from what was saved.
#ifndef RUNHOOK_HOOKS_CHECKPOINT_SAVER_HPP_
#define RUNHOOK_HOOKS_CHECKPOINT_SAVER_HPP_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runhook/checkpoint_saver.hpp"
#include "runhook/hook.hpp"

namespace runhook::inline v1 {

// Is told of the saves of a CheckpointSaverHook, on the thread of the loop. What it throws fails the save, or the
// callback of the hook. After tf.estimator.CheckpointSaverListener. Since 1.0.
class CheckpointSaverListener {
 public:
  virtual ~CheckpointSaverListener() = default;
  virtual void begin(SessionRunContext&) {}
  // Returns whether the save may be made; all listeners are asked. One that may not be made counts as none.
  virtual bool before_save(SessionRunContext&, std::int64_t) { return true; }
  // When it is committed. Returns whether the run is to stop, which counts for saves after a step.
  virtual bool after_save(SessionRunContext&, std::int64_t) { return false; }
  virtual void end(SessionRunContext&, std::int64_t) {}  // after the last save
};

struct CheckpointSaverHookOptions {
  CheckpointSaverOptions checkpoints = {};  // from which a saver is made, if they have a directory
  // Or this one; NULL without a directory: the one that the sessions come from, e.g. of their scaffold.
  std::shared_ptr<Saver> saver = {};
  std::vector<std::shared_ptr<CheckpointSaverListener>> listeners = {};
  bool save_at_start = true;  // when a session is made, unless it goes on from what is saved already
  bool save_at_end = true;
  // Also after each step of which the metric of the saver's retention is logged with a better value than any checkpoint
  // of the run has, which a run that goes on remembers; not of a step that has been saved when the value comes, e.g. to
  // be evaluated. With CheckpointRetention::best the best are kept.
  bool save_on_best = false;
  // Where there is nothing to save with, or nothing of the program to save (no variables, no memory, and no
  // save_state), the hook does nothing. Otherwise that is an error.
  bool optional = false;
  // How long the process has from a signal that stops the run until it is killed; 0: not known. If it is known, what
  // save_at_end is to save is saved, or an asynchronous saver begins to, before other hooks end, which may take their
  // time; what they change then is not saved. Warnings say when saves take longer than that, and when the next one is
  // likely to take longer than is left.
  std::chrono::nanoseconds grace{0};
};

// Saves the session when it is due, whenever a save is asked for, at the start and at the end, always after a step that
// is complete, with what it has logged and what all hooks have to say. Its sessions go on from the newest checkpoint of
// its saver, unless they were restored when they were made; a recovery does likewise. What it saves has the newest
// logged numbers as metrics, and how far the run is as the state "runhook/run".
//
// A save that fails fails the hook, is reported, and is tried again after the next step, if there is one: with
// FailurePolicy::warn the run goes on. With CheckpointSaverOptions::verify nothing is saved, and no listener told: that
// a step differs from what was saved fails the hook, and so does a run in which no step was compared, unless a signal
// has ended it. A session has one such hook. After tf.estimator.CheckpointSaverHook. Since 1.0.
class CheckpointSaverHook final : public SessionRunHook {
 public:
  // Throws INVALID_ARGUMENT for a saver besides a directory, a NULL listener, a negative grace, save_on_best without a
  // saver of its own that has a metric, and as CheckpointSaver does.
  explicit CheckpointSaverHook(CheckpointSaverHookOptions options);
  ~CheckpointSaverHook() override;
  std::string_view name() const override { return "checkpoint saver"; }
  bool one_session_at_a_time() const noexcept override { return true; }
  // Throws FAILED_PRECONDITION if there is no saver, ALREADY_EXISTS if another hook saves the session.
  void begin(SessionRunContext& context) override;
  // Throws FAILED_PRECONDITION if checkpoints would have nothing of the program.
  void after_create_session(SessionRunContext& context) override;
  void after_run(SessionRunContext& context, const SessionRunValues& values) override;
  std::optional<std::string> save(SessionRunContext& context) override;
  void restore(SessionRunContext& context, std::string_view saved) override;
  void end(SessionRunContext& context) override;
  void cleanup(SessionRunContext& context, const Outcome& outcome) override;
  ValueListener* value_listener() noexcept override;

  // In the phase of savers; due every ten minutes unless told otherwise, counted from the start if that is saved. With
  // CheckpointSaverOptions::verify in every run, whatever is told.
  static HookRegistration make(CheckpointSaverHookOptions options, Trigger trigger = Trigger::every_seconds(600));

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_CHECKPOINT_SAVER_HPP_
