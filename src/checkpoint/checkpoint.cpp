#include "runhook/checkpoint.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <mutex>
#include <set>
#include <utility>

#include "base/fork_mark.hpp"
#include "base/format.hpp"
#include "base/refuse.hpp"
#include "checkpoint/checkpoint_files.hpp"
#include "checkpoint/checkpoint_names.hpp"
#include "checkpoint/checkpoint_writer.hpp"
#include "checkpoint/retention.hpp"
#include "output/process_facts.hpp"
#include "output/sink.hpp"

namespace runhook::inline v1 {

namespace {

using detail::CheckpointFiles;
using detail::OpenFile;
using detail::system_error;
using detail::uninterrupted;
using Files = std::shared_ptr<detail::FileSystem>;

// Unless it has been deleted meanwhile.
void add_if_there(std::vector<CheckpointSummary>& all, const Files& files, const std::string& directory,
                  std::int64_t step) {
  try {
    all.push_back(detail::summarize(files, directory, step));
  } catch (const StatusError& error) {
    if (error.code() != StatusCode::not_found) throw;
  }
}

// The newest that `use` takes; what it throws DATA_LOSS for is passed over.
template <typename Use>
auto use_newest(const Files& files, const std::string& directory, std::vector<Error>& passed_over, Use&& use)
    -> std::optional<decltype(use(std::declval<StoredCheckpoint>()))> {
  std::set<std::int64_t> tried;
  for (;;) {
    std::vector<std::int64_t> steps = detail::steps_in(files, directory);
    while (!steps.empty() && tried.count(steps.back()) > 0) steps.pop_back();
    if (steps.empty()) break;
    const std::int64_t step = steps.back();
    try {
      return use(CheckpointFiles::open(files, directory, step));
    } catch (const StatusError& failed) {
      // One that is not there any more has been deleted since it was listed: a newer one may be there.
      if (failed.code() == StatusCode::not_found) {
        if (tried.insert(step).second) continue;
      }
      if (failed.code() != StatusCode::data_loss) throw;
      passed_over.push_back(failed.error());
    }
    tried.insert(step);
  }
  if (passed_over.empty()) return std::nullopt;
  Error error(
      StatusCode::data_loss,
      fmt::format("'{}' has checkpoints, but none that is whole: to begin anew, give another directory", directory));
  for (const Error& one : passed_over) error.add_suppressed(one);
  throw StatusError(error);
}

}  // namespace

std::vector<CheckpointSummary> list_checkpoints(const std::string& directory) {
  const Files files = detail::system_files();
  for (;;) {
    std::vector<CheckpointSummary> all;
    const std::vector<std::int64_t> steps = detail::steps_in(files, directory);
    for (const std::int64_t step : steps) add_if_there(all, files, directory, step);
    // If all of them have been deleted, there are newer ones.
    if (!all.empty() || steps.empty()) return all;
  }
}

StoredCheckpoint open_checkpoint(const std::string& directory, std::int64_t step) {
  return CheckpointFiles::open(detail::system_files(), directory, step);
}

std::optional<StoredCheckpoint> open_newest_checkpoint(const std::string& directory, std::vector<Error>* passed_over) {
  std::vector<Error> others;
  auto newest = use_newest(detail::system_files(), directory, others, [](StoredCheckpoint checkpoint) {
    checkpoint.verify();
    return checkpoint;
  });
  if (passed_over != nullptr) *passed_over = std::move(others);
  return newest;
}

void pin_checkpoint(const std::string& directory, std::int64_t step, bool pinned) {
  const Files files = detail::system_files();
  const StoredCheckpoint held = CheckpointFiles::open(files, directory, step);  // so that it is not deleted meanwhile
  const std::string path = fmt::format("{}/{}", held.summary().path, detail::kPinName);
  if (!pinned) {
    if (files->remove_file(path) != 0 && errno != ENOENT) throw StatusError(system_error(errno, "deleting", path));
    return;
  }
  OpenFile pin(files, path, O_WRONLY | O_CREAT);
  if (!pin || uninterrupted([&] { return files->sync(pin.fd()); }) != 0) {
    throw StatusError(system_error(errno, "making", path));
  }
  detail::CheckpointWriter(files, directory, Durability::full, {}).sync_directory(held.summary().path);
}

struct CheckpointStore::Impl {
  Impl(std::string its_directory, CheckpointStoreOptions its_options);
  ~Impl();

  void make_directories();
  void become_owner();
  bool save(const Snapshot& snapshot);
  void check_goes_on(std::int64_t step);
  void commit(const Snapshot& snapshot);
  void set_aside_if_damaged(std::int64_t step);
  std::optional<Snapshot> restore_newest();
  Snapshot restore_step(std::int64_t step);
  void set_aside_after(std::int64_t step);
  std::vector<std::string> list_names() const;  // of all that is in the directory
  const std::vector<CheckpointSummary>& look(const std::vector<std::string>& names);
  void prune(bool has_just_saved);
  bool keeps_newest_and_all_others();
  std::vector<std::string> garbage_among(const std::vector<std::string>& names);
  void delete_garbage(const std::vector<std::string>& paths);
  void take_name_if_unused(const std::string& name, std::int64_t step, std::vector<std::string>& garbage);
  void set_aside(std::int64_t step, std::string_view prefix);
  void sync_names();
  void warn(const Error& error) noexcept;
  void warn_not_deleted() noexcept;  // of the exception that is being handled
  std::string path_of(std::string_view name) const { return fmt::format("{}/{}", directory, name); }

  const std::string directory;
  const CheckpointStoreOptions options;
  const Files files;
  const LogSink log;
  const detail::ForkMark birth;
  detail::CheckpointWriter writer;
  std::mutex mutex;
  std::mutex callers_own;  // held while the log or keep.wanted is called
  bool is_abandoned = false;
  OpenFile lock;
  std::optional<std::int64_t> newest;    // that has been committed or restored here
  std::optional<std::int64_t> restored;  // from which the run has gone on, until it has saved another
  std::optional<std::int64_t> doubtful;  // has its name, but its save has failed: it may not outlive the power
  bool names_are_on_disk = false;        // of all checkpoints, as far as it is known here
  std::vector<CheckpointSummary> seen;
  bool is_tidy = false;  // nothing but those was there, and all of them are kept
};

CheckpointStore::Impl::Impl(std::string its_directory, CheckpointStoreOptions its_options)
    : directory(std::move(its_directory)),
      options(std::move(its_options)),
      files(options.file_system != nullptr ? options.file_system : detail::system_files()),
      log(options.log ? options.log : LogSink(detail::log_to_stderr)),
      writer(files, directory, options.durability, options.session) {
  if (directory.empty()) detail::refuse("the directory of the checkpoints is empty");
  detail::check_retention(options.keep);
  make_directories();
  become_owner();
  const std::vector<std::string> garbage = garbage_among(list_names());
  try {
    delete_garbage(garbage);
  } catch (...) {
    warn_not_deleted();
  }
}

CheckpointStore::Impl::~Impl() {
  if (lock && !birth.forked()) files->lock(lock.fd(), LOCK_UN);  // a child that lives on would keep it
}

// With those above it, and so that they, too, outlive the power.
void CheckpointStore::Impl::make_directories() {
  std::vector<std::filesystem::path> missing;
  struct stat about {};
  for (std::filesystem::path at = directory; !at.empty() && !detail::is_there(files, at, about);
       at = at.parent_path()) {
    missing.push_back(at);
  }
  for (; !missing.empty(); missing.pop_back()) {
    const std::filesystem::path& path = missing.back();
    if (files->make_directory(path) != 0 && errno != EEXIST) {
      throw StatusError(system_error(errno, "making the directory", path.native()));
    }
    try {
      writer.sync_directory(detail::folder_of(path));
    } catch (...) {
      files->remove_directory(path);  // so that whoever tries again does all of it
      throw;
    }
  }
}

void CheckpointStore::Impl::become_owner() {
  const std::string path = path_of(detail::kLockName);
  lock = OpenFile(files, path, O_RDWR | O_CREAT | O_NOFOLLOW);
  if (!lock) throw StatusError(system_error(errno, "opening", path));
  if (uninterrupted([&] { return files->lock(lock.fd(), LOCK_EX | LOCK_NB); }) != 0) {
    if (errno != EWOULDBLOCK) throw StatusError(system_error(errno, "locking", path));
    constexpr std::uint64_t kMostBytes = 4096;
    std::string owner;
    try {
      owner = detail::read_small_file(files, path, kMostBytes);
    } catch (...) {  // NOLINT(bugprone-empty-catch): then it stays unknown who it is
    }
    while (!owner.empty() && owner.back() == '\n') owner.pop_back();
    throw StatusError(StatusCode::already_exists, fmt::format("the checkpoints in '{}' have an owner already: {}",
                                                              directory, owner.empty() ? "another process" : owner));
  }
  const std::string text = fmt::format("process {} on {}{}{}\n", getpid(), detail::host_name(),
                                       options.session.empty() ? "" : ", session ", options.session);
  // For people only, so that it does not matter if it fails.
  if (::ftruncate(lock.fd(), 0) == 0) files->write(lock.fd(), text.data(), text.size());
}

void CheckpointStore::Impl::warn(const Error& error) noexcept {
  try {
    const std::lock_guard guard(callers_own);
    if (is_abandoned) return detail::log_to_stderr({.level = LogLevel::warning, .message = error.message()});
    log(LogLevel::warning, error.message());
  } catch (...) {  // NOLINT(bugprone-empty-catch): as LogSink says
  }
}

void CheckpointStore::Impl::warn_not_deleted() noexcept {
  Error error = Error::from_current_exception(StatusCode::internal);
  error.prepend("old checkpoints could not be deleted: ");
  warn(error);
}

bool CheckpointStore::Impl::save(const Snapshot& snapshot) {
  if (newest == snapshot.global_step && doubtful != newest) return false;
  check_goes_on(snapshot.global_step);
  commit(snapshot);
  newest = snapshot.global_step;
  restored.reset();
  prune(/*has_just_saved=*/true);
  return true;
}

// What is restored next is the newest by its step, so that no run may save behind one that is there already.
void CheckpointStore::Impl::check_goes_on(std::int64_t step) {
  if (step == doubtful) return;  // nobody was told that it is there
  std::optional<std::int64_t> last = newest;
  if (!last) {
    const std::vector<CheckpointSummary>& all = look(list_names());
    const auto whole =
        std::find_if(all.rbegin(), all.rend(), [this](const auto& one) { return !one.damage && one.step != doubtful; });
    for (auto newer = all.rbegin(); newer != whole; ++newer) {  // what may be whole after all
      if (newer->step >= step && newer->damage && newer->damage.code() != StatusCode::data_loss) {
        throw StatusError(newer->damage);
      }
    }
    if (whole == all.rend() || whole->step < step) return;
    last = whole->step;
  }
  if (step > *last) return;
  throw StatusError(
      StatusCode::already_exists,
      fmt::format("step {} cannot be saved in '{}', which has a checkpoint of step {}: restore one, from which the run "
                  "then goes on, or give another directory",
                  step, directory, *last));
}

// Of the step there may be one that is damaged, which is why the run has come by here again; or one of which nobody was
// told that it is there, since the directory could not be brought to the disk.
void CheckpointStore::Impl::commit(const Snapshot& snapshot) {
  const std::int64_t step = snapshot.global_step;
  for (bool again = false;; again = true) {
    try {
      writer.commit(snapshot);
      break;
    } catch (const StatusError& failed) {
      is_tidy = false;
      if (failed.code() != StatusCode::already_exists || again) throw;
    }
    if (doubtful == step) {
      set_aside(step, detail::kGone);
    } else {
      set_aside_if_damaged(step);
    }
  }
  doubtful = step;
  names_are_on_disk = false;
  sync_names();
  doubtful.reset();
}

void CheckpointStore::Impl::sync_names() {
  if (!names_are_on_disk) writer.sync_directory(directory);
  names_are_on_disk = true;
}

void CheckpointStore::Impl::set_aside_if_damaged(std::int64_t step) {
  try {
    CheckpointFiles::open(files, directory, step).verify();
  } catch (const StatusError& existing) {
    if (existing.code() != StatusCode::data_loss) throw;
    Error error = existing.error();
    error.prepend("a damaged checkpoint is set aside: ");
    warn(error);
    set_aside(step, detail::kDamaged);
    return;
  }
  throw StatusError(StatusCode::already_exists, fmt::format("'{}' has another checkpoint of step {}", directory, step));
}

void CheckpointStore::Impl::set_aside(std::int64_t step, std::string_view prefix) {
  const std::string path = detail::checkpoint_path(directory, step);
  const std::string new_path = path_of(detail::unique_name(prefix, step));
  names_are_on_disk = is_tidy = false;
  if (files->rename(path, new_path) != 0) throw StatusError(system_error(errno, "setting aside", path));
  std::erase_if(seen, [step](const CheckpointSummary& one) { return one.step == step; });  // another may take its place
}

std::optional<Snapshot> CheckpointStore::Impl::restore_newest() {
  std::vector<Error> passed_over;
  std::optional<Snapshot> snapshot =
      use_newest(files, directory, passed_over, [](const StoredCheckpoint& checkpoint) { return checkpoint.load(); });
  for (const Error& one : passed_over) {
    Error error = one;
    error.prepend("a checkpoint is passed over: ");
    warn(error);
  }
  if (snapshot) newest = restored = snapshot->global_step;
  return snapshot;
}

Snapshot CheckpointStore::Impl::restore_step(std::int64_t step) {
  Snapshot snapshot = CheckpointFiles::open(files, directory, step).load();
  set_aside_after(step);
  newest = restored = step;
  return snapshot;
}

// From the newest on, so that what is left after a crash is what was there, without some of the newest.
void CheckpointStore::Impl::set_aside_after(std::int64_t step) {
  std::vector<std::int64_t> steps = detail::steps_in(files, directory);
  for (; !steps.empty() && steps.back() > step; steps.pop_back()) set_aside(steps.back(), detail::kUndone);
  sync_names();
}

std::vector<std::string> CheckpointStore::Impl::list_names() const {
  std::vector<std::string> all;
  if (files->list(directory, all) != 0) throw StatusError(system_error(errno, "listing", directory));
  return all;
}

// Checkpoints do not change, so that each has to be looked at once, but what could not be read may be so now. Pins come
// and go; whether there is a new one is looked at before a deletion only, unless the policy wants to know.
const std::vector<CheckpointSummary>& CheckpointStore::Impl::look(const std::vector<std::string>& names) {
  std::vector<CheckpointSummary> now;
  auto before = seen.begin();
  for (const std::int64_t step : detail::steps_among(names)) {
    while (before != seen.end() && before->step < step) ++before;
    if (before != seen.end() && before->step == step && !before->damage) {
      now.push_back(std::move(*before));
      CheckpointSummary& one = now.back();
      if (one.pinned || options.keep.wanted) one.pinned = detail::is_pinned(*files, one.path);
      continue;
    }
    add_if_there(now, files, directory, step);
  }
  seen = std::move(now);
  return seen;
}

// A list of many takes its time, so none is made where nothing would be deleted. What is deleted is never decided by what
// is remembered: others may have deleted some.
bool CheckpointStore::Impl::keeps_newest_and_all_others() {
  if (!is_tidy || !newest || options.keep.wanted || (!seen.empty() && seen.back().step >= *newest)) return false;
  for (CheckpointSummary& one : seen) one.pinned = one.pinned && detail::is_pinned(*files, one.path);
  seen.push_back(detail::summarize(files, directory, *newest));
  return !seen.back().damage && detail::unwanted(seen, options.keep, {*newest}).empty();
}

void CheckpointStore::Impl::prune(bool has_just_saved) {
  try {
    sync_names();  // what is kept may have been committed by a process that was killed before it had done so
    if (has_just_saved && keeps_newest_and_all_others()) return;
    is_tidy = false;
    std::set<std::int64_t> needed;
    if (newest) needed.insert(*newest);
    if (restored) needed.insert(*restored);
    const std::vector<std::string> there = list_names();
    const std::vector<CheckpointSummary>& all = look(there);
    if (!newest) {
      if (const CheckpointSummary* const whole = detail::newest_whole(all)) needed.insert(whole->step);
    }
    // The oldest first, so that what is left after a crash has no gaps.
    std::vector<std::int64_t> unwanted;
    {
      const std::lock_guard guard(callers_own);
      if (is_abandoned) return;
      unwanted = detail::unwanted(all, options.keep, needed);
    }
    std::vector<std::string> garbage = garbage_among(there);
    is_tidy = garbage.empty() && unwanted.empty();
    for (const std::int64_t step : unwanted) take_name_if_unused(detail::step_name(step), step, garbage);
    delete_garbage(garbage);
  } catch (...) {
    warn_not_deleted();
  }
}

// By what is there: what is remembered would be forgotten in a crash.
std::vector<std::string> CheckpointStore::Impl::garbage_among(const std::vector<std::string>& names) {
  std::vector<std::string> garbage;
  for (const std::string& name : names) {
    const auto undone = detail::step_of_unique(name, detail::kUndone);
    if (detail::step_of_unique(name, detail::kUnfinished) || detail::step_of_unique(name, detail::kGone)) {
      garbage.push_back(path_of(name));
    } else if (undone && newest && newest != restored && *undone <= *newest) {
      take_name_if_unused(name, *undone, garbage);
    }
  }
  return garbage;
}

// What had the name of a checkpoint goes when it is on the disk that it has that no more: else half of it might be found
// under its name after a power failure.
void CheckpointStore::Impl::delete_garbage(const std::vector<std::string>& paths) {
  if (!paths.empty()) sync_names();
  for (const std::string& path : paths) {
    if (const Error error = writer.remove(path)) warn(error);
  }
}

// Whoever reads it holds a shared lock on its directory. Adds the path under which it can be deleted.
void CheckpointStore::Impl::take_name_if_unused(const std::string& name, std::int64_t step,
                                                std::vector<std::string>& garbage) {
  const std::string path = path_of(name);
  if (detail::is_pinned(*files, path)) return;
  const OpenFile held(files, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!held) {
    if (errno != ENOENT) warn(system_error(errno, "deleting", path));
    return;
  }
  if (uninterrupted([&] { return files->lock(held.fd(), LOCK_EX | LOCK_NB); }) != 0 && errno == EWOULDBLOCK) return;
  if (detail::is_pinned(*files, path)) return;  // by now
  garbage.push_back(path_of(detail::unique_name(detail::kGone, step)));
  names_are_on_disk = false;
  if (files->rename(path, garbage.back()) != 0) {
    warn(system_error(errno, "deleting", path));
    garbage.pop_back();
  }
}

CheckpointStore::CheckpointStore(std::string directory, CheckpointStoreOptions options)
    : impl_(std::make_unique<Impl>(std::move(directory), std::move(options))) {}

CheckpointStore::~CheckpointStore() = default;

bool CheckpointStore::save(const Snapshot& snapshot) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->save(snapshot);
}

std::optional<Snapshot> CheckpointStore::restore() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->restore_newest();
}

Snapshot CheckpointStore::restore(std::int64_t step) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->restore_step(step);
}

void CheckpointStore::prune() {
  const std::lock_guard lock(impl_->mutex);
  impl_->prune(/*has_just_saved=*/false);
}

void CheckpointStore::abandon() noexcept {
  const std::lock_guard guard(impl_->callers_own);
  impl_->is_abandoned = true;
}

const std::string& CheckpointStore::directory() const noexcept { return impl_->directory; }

}  // namespace runhook::inline v1
