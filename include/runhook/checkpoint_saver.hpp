// runhook/checkpoint_saver.hpp: the Saver that keeps checkpoints in a directory.
#ifndef RUNHOOK_CHECKPOINT_SAVER_HPP_
#define RUNHOOK_CHECKPOINT_SAVER_HPP_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runhook/checkpoint.hpp"
#include "runhook/snapshot.hpp"
#include "runhook/value.hpp"

namespace runhook::inline v1 {

// What becomes of a save that is asked for while another one is still being written.
enum class SaveOverlap : std::int32_t {
  wait = 0,  // it waits until the other one has ended
  skip = 1,  // it is left out; that at the end of a run waits
};

// Memory of the program that is saved as it lies, and written into when a run goes on. It has to be there as long as
// the saver.
struct SavedMemory {
  std::string name = {};   // of the variable in the checkpoint; none of the session's may have it
  DType dtype = {};        // e.g. uint8 for a struct, whose count is its size
  std::int64_t count = 0;  // of elements
  void* data = nullptr;    // aligned as they are
};

struct CheckpointSaverOptions {
  std::string directory = {};  // required; made if it does not exist
  CheckpointRetention keep = {};
  Durability durability = Durability::full;

  // For state that is in no session's variables, e.g. in arrays or objects of the program's own: memory is copied, and
  // functions do the rest. `save_state` adds to what is saved, under names of its own; `restore_state` gets that back,
  // after variables and memory have been restored.
  std::vector<SavedMemory> memory = {};
  std::function<void(Snapshot&)> save_state = {};
  std::function<void(const Snapshot&)> restore_state = {};

  // The loop pauses for a copy of the variables only; a thread of the saver's writes them. At most one save is being
  // written at a time.
  bool asynchronous = false;
  SaveOverlap overlap = SaveOverlap::wait;
  // How long the end of a run, and restore(), wait for a save that is being written; negative: for ever.
  std::chrono::nanoseconds drain_timeout = std::chrono::minutes(20);

  // Nothing is written or set aside, nor the directory owned. The run goes on from restore_step, or from the oldest
  // checkpoint, and whenever it comes to a step of which there is a checkpoint, save() compares what it would save with
  // that: the variables, the memory, what save_state adds, and the states of hooks that both have; not triggers, nor
  // what outputs keep, which may depend on the time. close() says in the log how many steps were compared.
  bool verify = false;
  // Restores this step instead of the newest; newer ones are set aside: see CheckpointStore::restore().
  std::optional<std::int64_t> restore_step = {};
  // If variables or memory are not those that were saved (missing, extra, of another dtype or shape): restores those
  // that are the same and says in the log which are not. Otherwise that is an error that lists them, and nothing is
  // restored. With restore_state what is extra may be its own.
  bool partial = false;
  // If there are checkpoints but none of them is whole: begins anew all the same.
  bool begin_anew_if_damaged = false;

  std::string session = {};  // for CheckpointSummary::session; empty: that of the run, if a hook saves
  LogSink log = {};          // empty: that of the run, if a hook saves, else standard error
  std::shared_ptr<detail::FileSystem> file_system = {};  // NULL: the system's; for tests of what fails
};

// How a save has ended.
struct SaveReport {
  std::int64_t step = 0;
  bool written = false;  // false: the step was saved already, or has failed
  std::chrono::nanoseconds took{0};
  Error error = {};
};

// Saves sessions to a CheckpointStore and restores them from it. The directory is owned from the first use to close()
// or the end of this, whichever comes first. Used by the thread that runs the loop, one at a time. Since 1.0.
class CheckpointSaver final : public Saver {
 public:
  // Throws INVALID_ARGUMENT for an empty directory, bad retention, and memory without a name of its own, a dtype or an
  // address, or with a negative count. Nothing is opened yet.
  explicit CheckpointSaver(CheckpointSaverOptions options);
  ~CheckpointSaver() override;  // as close(), without a limit

  // Saves, or begins to if that is asynchronous. Throws what CheckpointStore::save() throws, and what an asynchronous
  // save before it has failed with that nobody has asked for since; with `verify` FAILED_PRECONDITION, with all that is
  // different, and DATA_LOSS for a checkpoint that is damaged.
  void save(Session& session, const Snapshot& run) override;
  // Throws what CheckpointStore::restore() throws; FAILED_PRECONDITION if variables or memory are not those that were
  // saved;
  // DEADLINE_EXCEEDED if a save that is being written takes longer than drain_timeout.
  std::optional<Snapshot> restore(Session& session) override;

  // The report of the save that has ended last, once for each; nullopt: none has since.
  std::optional<SaveReport> take_report();
  bool wants(std::int64_t step) const noexcept;  // with `verify` only steps of which there is a checkpoint
  std::int64_t compared() const noexcept;        // how many steps were, with `verify`, since the run has begun
  bool saving() const noexcept;                  // whether one is being written
  // Waits for a save that is being written. Returns whether it has ended in time; negative: for ever.
  bool drain(std::chrono::nanoseconds limit);
  // Waits as long as drain_timeout says, and lets go of the directory: then others may own it, or this again. Throws
  // DEADLINE_EXCEEDED if the save takes longer, which goes on then, but calls nothing of the options any more.
  void close();
  void close(std::chrono::nanoseconds limit);  // the same with another one
  // How long a save is going to take, by those that were made; 0 before the first one.
  std::chrono::nanoseconds expected_duration() const noexcept;

  const CheckpointSaverOptions& options() const noexcept;
  std::optional<std::int64_t> last_step() const noexcept;  // that was saved or restored
  void call_when_saved(std::function<void()> call);        // on the saver's thread, when an asynchronous save has ended
  // The session and the log of the run that uses it from here to close(), in place of those that the options lack.
  // Throws ALREADY_EXISTS while another run uses it.
  void begin_run(std::string_view session, LogSink log);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_CHECKPOINT_SAVER_HPP_
