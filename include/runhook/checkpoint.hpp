// runhook/checkpoint.hpp: checkpoints in a directory, each committed as a whole and checked when it is read.
#ifndef RUNHOOK_CHECKPOINT_HPP_
#define RUNHOOK_CHECKPOINT_HPP_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runhook/checkpoint_source.hpp"
#include "runhook/error.hpp"
#include "runhook/log.hpp"
#include "runhook/snapshot.hpp"
#include "runhook/value.hpp"

namespace runhook::inline v1 {

namespace detail {
class CheckpointFiles;
class FileSystem;
}  // namespace detail

// A checkpoint is a directory `<directory>/step-<ten or more digits>` with variables.safetensors, which other programs
// read, too; state.safetensors, if there is any state, each as a tensor of bytes; and manifest.json, which has the
// checksums of the others and its own. It appears under its name when all of it is on the disk, and is never changed.

// What the manifest of a checkpoint says. Since 1.0.
struct CheckpointSummary {
  std::int64_t step = 0;
  std::string path = {};           // of its directory
  std::int64_t saved_unix_ns = 0;  // when it was saved, by the clock of the wall, since 1970
  std::string session = {};        // of the run that has saved it: SessionRunContext::session_id(); empty: unknown
  std::uint64_t bytes = 0;         // of its files
  NamedNumbers metrics = {};
  bool pinned = false;
  // Why it cannot be used, so far as its manifest and the sizes of its files tell; the data is not looked at.
  Error damage = {};
};

// A variable of a checkpoint without its data. Since 1.0.
struct StoredVariable {
  std::string name = {};
  ValueKind kind = ValueKind::tensor;
  DType dtype = DType::int8;  // of a tensor
  std::vector<std::int64_t> shape = {};
  std::uint64_t bytes = 0;
};

// A checkpoint that is open for reading. While one exists, in whatever process, no CheckpointStore deletes the
// checkpoint. All that is read is checked first: DATA_LOSS is thrown for bytes that are not those that were saved.
// Copies share what they have open. Thread-safe. Since 1.0.
class StoredCheckpoint {
 public:
  const CheckpointSummary& summary() const noexcept;
  std::int64_t step() const noexcept { return summary().step; }
  const std::vector<StoredVariable>& variables() const noexcept;  // in the order of their names

  // Everything, on as many threads as the machine has, at most `threads` of them unless that is 0.
  Snapshot load(int threads = 0) const;
  Value load(std::string_view name) const;  // one variable. Throws NOT_FOUND
  // One variable as it is in the file, mapped into memory: its checksum is looked at now, the rest of the file is not.
  // What is written into it stays in this process. The file must not be cut off while the value exists; nothing of
  // runhook does that. Throws NOT_FOUND; FAILED_PRECONDITION for strings, bytes and what the file holds otherwise.
  Value map(std::string_view name) const;
  const NamedBytes& state() const;
  void verify(int threads = 0) const;  // throws DATA_LOSS

 private:
  friend class detail::CheckpointFiles;
  explicit StoredCheckpoint(std::shared_ptr<detail::CheckpointFiles> files) noexcept : files_(std::move(files)) {}
  std::shared_ptr<detail::CheckpointFiles> files_;
};

// Lists the checkpoints of a directory by their manifests, from the lowest step to the highest; none if there is no
// such directory. Throws if it cannot be read. Any process and any thread. Since 1.0.
std::vector<CheckpointSummary> list_checkpoints(const std::string& directory);

// Opens the checkpoint of a step. Throws NOT_FOUND, DATA_LOSS. Any process and any thread. Since 1.0.
StoredCheckpoint open_checkpoint(const std::string& directory, std::int64_t step);

// Opens the newest checkpoint of which all is as it was saved; nullopt if the directory has none at all. `passed_over`
// gets why newer ones were not taken. Throws DATA_LOSS if there are some, but none is whole: that is no fresh start.
// Any process and any thread. Since 1.0.
std::optional<StoredCheckpoint> open_newest_checkpoint(const std::string& directory,
                                                       std::vector<Error>* passed_over = nullptr);

// The checkpoints of a directory, for evaluations and for the StopAtCheckpointStepHook, also of another process. That
// which latest() has named last is not deleted meanwhile. latest() looks at manifests; restore() checks what it reads,
// and throws DATA_LOSS. Throws INVALID_ARGUMENT for an empty path. Since 1.0.
std::shared_ptr<CheckpointSource> directory_checkpoints(std::string directory);

// Has a checkpoint kept whatever the policy says, or no longer. Throws NOT_FOUND. Any process and any thread.
// Since 1.0.
void pin_checkpoint(const std::string& directory, std::int64_t step, bool pinned = true);

// Which checkpoints are kept: those that any of these wants. Whatever they say, what a process is reading is kept, what
// is pinned, the newest, and the one from which the run has gone on until it has saved another. A checkpoint that is
// damaged is not counted, and never deleted. Since 1.0.
struct CheckpointRetention {
  std::int64_t last = 5;  // so many of the newest; 0: all
  std::int64_t best = 0;  // so many of those with the best value of `metric`, the newer of two that are equal
  std::string metric = {};
  bool higher_is_better = false;
  std::int64_t every_n_steps = 0;                             // each whose step is a multiple of this; 0: none
  std::chrono::nanoseconds every{0};                          // the first of each span of this length; 0: none
  std::function<bool(const CheckpointSummary&)> wanted = {};  // each of which it says so; empty: none
};

enum class Durability : std::int32_t {
  full = 0,           // a checkpoint that was acknowledged outlives the power, as far as file system and disk allow
  process_crash = 1,  // it outlives the process only; saves the waits for the disk
};

struct CheckpointStoreOptions {
  CheckpointRetention keep = {};
  Durability durability = Durability::full;
  std::string session = {};  // for CheckpointSummary::session
  LogSink log = {};          // what is passed over, set aside, or cannot be deleted; empty: standard error
  std::shared_ptr<detail::FileSystem> file_system = {};  // NULL: the system's; for tests of what fails
};

// The one owner of a directory of checkpoints: saves, restores and deletes. Others may read meanwhile. Thread-safe; one
// call after the other. Since 1.0.
class CheckpointStore {
 public:
  // Makes the directory if need be, and removes what a killed owner has left unfinished. Throws INVALID_ARGUMENT for an
  // empty path or bad options, ALREADY_EXISTS if it has an owner, which is named, and what the system refuses.
  explicit CheckpointStore(std::string directory, CheckpointStoreOptions options = {});
  ~CheckpointStore();
  CheckpointStore(const CheckpointStore&) = delete;
  CheckpointStore& operator=(const CheckpointStore&) = delete;

  // Saves; when it returns, the checkpoint is committed. Then deletes what need not be kept. Returns false if the step
  // has been saved or restored by this store already: then nothing is written. If it throws, nothing is lost: what was
  // there before is there still, and the save can be tried again. Throws ALREADY_EXISTS if another checkpoint of
  // the step is there; INVALID_ARGUMENT for a negative step, a name that is empty, not UTF-8, used twice or
  // "__metadata__", or an absent value; FAILED_PRECONDITION for memory that is not on the CPU; RESOURCE_EXHAUSTED
  // before anything is written if there is no room.
  bool save(const Snapshot& snapshot);

  // Restores the newest checkpoint that is whole, as open_newest_checkpoint() does, and says in the log which ones it
  // has passed over.
  std::optional<Snapshot> restore();
  // Restores the checkpoint of a step. Newer ones are set aside, so that the run that goes on from here can save its
  // own: they get names that begin with "undone-", and are deleted once a newer step is saved than theirs. Throws
  // NOT_FOUND, DATA_LOSS; then nothing is set aside.
  Snapshot restore(std::int64_t step);

  std::vector<CheckpointSummary> list() const { return list_checkpoints(directory()); }
  void prune();  // as save() does
  const std::string& directory() const noexcept;

  // For a save that nobody waits for any more: from here on neither the log nor CheckpointRetention::wanted is called,
  // which may be gone by then. Nothing is deleted then, and standard error is the log. Any thread, also during a save.
  void abandon() noexcept;

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_CHECKPOINT_HPP_
