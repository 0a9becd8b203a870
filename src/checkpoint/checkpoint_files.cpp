#include "checkpoint/checkpoint_files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <new>
#include <thread>
#include <utility>

#include "base/background_thread.hpp"
#include "base/format.hpp"
#include "base/known_names.hpp"
#include "base/refuse.hpp"
#include "checkpoint/checkpoint_names.hpp"
#include "checkpoint/stored_form.hpp"
#include "output/sink.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

constexpr std::uint64_t kMostManifestBytes = std::uint64_t{256} << 20;
constexpr int kMostReadingThreads = 8;

[[noreturn]] void fail_no_checkpoint(const std::string& directory, std::int64_t step) {
  fail(StatusCode::not_found, fmt::format("there is no checkpoint of step {} in '{}'", step, directory));
}

// A tensor whose memory has no content yet: it is about to be read.
Value unset_tensor(DType dtype, const std::vector<std::int64_t>& shape, std::uint64_t bytes) {
  constexpr std::size_t kHugePage = std::size_t{2} << 20;
  const bool is_huge = bytes >= 2 * kHugePage;
  const std::align_val_t alignment{is_huge ? kHugePage : 64};
  void* const memory = ::operator new(std::max<std::size_t>(bytes, 1), alignment);
  // New memory costs as much as reading into it; in huge pages it is a fraction of that.
  if (is_huge) ::madvise(memory, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
  return Value::adopt(dtype, shape, {}, {}, memory, [memory, alignment] { ::operator delete(memory, alignment); });
}

// Whether a path still leads to what was looked at before.
bool is_still_there(FileSystem& files, const std::string& path, const struct stat& before) {
  struct stat now {};
  if (files.status_of(path, now) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return false;
    throw StatusError(system_error(errno, "looking at", path));
  }
  return now.st_ino == before.st_ino && now.st_dev == before.st_dev;
}

// Has nobody delete a checkpoint. Who deletes one holds it alone, and has given it another name by the time he lets go,
// unless he has seen that it is to be kept, which takes him a moment. `check_name` throws once it has another name.
template <typename CheckName>
void hold(FileSystem& files, int fd, const std::string& path, CheckName&& check_name) {
  constexpr int kMostWaits = 5000;
  constexpr std::chrono::milliseconds kWait{1};
  for (int waits = 0; files.lock(fd, LOCK_SH | LOCK_NB) != 0; ++waits) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) break;  // some file systems cannot
    check_name();
    if (waits == kMostWaits) {
      fail(StatusCode::unavailable, fmt::format("checkpoint '{}' is locked by another process", path));
    }
    std::this_thread::sleep_for(kWait);
  }
  check_name();
}

// The first error of several threads.
class FirstError {
 public:
  bool is_set() const noexcept { return set_.load(std::memory_order_relaxed); }
  void set(Error error) noexcept {
    const std::lock_guard lock(mutex_);
    error_.merge(error);
    set_.store(true, std::memory_order_relaxed);
  }
  void throw_if_set() const {
    if (error_) throw StatusError(error_.alone());
  }

 private:
  std::atomic<bool> set_{false};
  std::mutex mutex_;
  Error error_;
};

}  // namespace

std::string read_small_file(const std::shared_ptr<FileSystem>& files, const std::string& path, std::uint64_t most) {
  const OpenFile file(files, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  const auto lose = [&](std::string_view why) { fail(StatusCode::data_loss, fmt::format("'{}' {}", path, why)); };
  if (!file) {
    if (errno == ELOOP) lose("is a link");
    if (errno == ENXIO) lose("is no regular file");  // but a socket
    throw StatusError(system_error(errno, "opening", path));
  }
  struct stat about {};
  if (files->status(file.fd(), about) != 0) throw StatusError(system_error(errno, "looking at", path));
  if (!S_ISREG(about.st_mode)) lose("is no regular file");
  if (static_cast<std::uint64_t>(about.st_size) > most) lose("is larger than any such file");
  std::string text(static_cast<std::size_t>(about.st_size), '\0');
  const ssize_t count = read_all_at(*files, file.fd(), text.data(), text.size(), 0);
  if (count < 0 && errno == EIO) lose("cannot be read by the system (EIO)");
  if (count < 0) throw StatusError(system_error(errno, "reading", path));
  if (static_cast<std::size_t>(count) < text.size()) lose("has been cut off");
  return text;
}

bool is_there(const std::shared_ptr<FileSystem>& files, const std::string& path, struct stat& about) {
  if (files->status_of(path, about) == 0) return true;
  if (errno == ENOENT) return false;
  throw StatusError(system_error(errno, "looking at", path));
}

CheckpointSummary summarize(const std::shared_ptr<FileSystem>& files, const std::string& directory, std::int64_t step,
                            Manifest* manifest) {
  CheckpointSummary summary;
  summary.step = step;
  summary.path = checkpoint_path(directory, step);
  struct stat about {};
  if (files->status_of(summary.path, about) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) fail_no_checkpoint(directory, step);
    throw StatusError(system_error(errno, "looking at", summary.path));
  }
  const struct stat directory_status = about;
  try {
    const auto lose = [&](std::string_view why) {
      fail(StatusCode::data_loss, fmt::format("checkpoint '{}' {}", summary.path, why));
    };
    if (!S_ISDIR(about.st_mode)) lose("is no directory");
    Manifest own;
    const std::string path = fmt::format("{}/{}", summary.path, kManifestName);
    try {
      own = parse_manifest(read_small_file(files, path, kMostManifestBytes));
    } catch (const StatusError& failed) {
      if (failed.code() == StatusCode::not_found) lose("has no manifest");
      Error error = failed.error();
      if (error.message().find(summary.path) == std::string::npos) error.prepend(fmt::format("'{}': ", path));
      throw StatusError(error);
    }
    summary.saved_unix_ns = own.saved_unix_ns;
    summary.session = own.session;
    summary.metrics = own.metrics;
    if (own.step != step) lose(fmt::format("says of itself that it is of step {}", own.step));
    for (const ManifestFile& file : own.files) {
      summary.bytes += file.bytes;
      const std::string name = fmt::format("{}/{}", summary.path, file.name);
      if (files->status_of(name, about) != 0) {
        if (errno == ENOENT) lose(fmt::format("lacks its file '{}'", file.name));
        if (errno == EIO) fail(StatusCode::data_loss, fmt::format("'{}' cannot be read by the system (EIO)", name));
        throw StatusError(system_error(errno, "looking at", name));
      }
      if (!S_ISREG(about.st_mode)) lose(fmt::format("has something else than a file as '{}'", file.name));
      if (static_cast<std::uint64_t>(about.st_size) != file.bytes) {
        lose(fmt::format("has {} bytes in '{}', and not {}", about.st_size, file.name, file.bytes));
      }
    }
    summary.pinned = is_pinned(*files, summary.path);
    if (manifest != nullptr) *manifest = std::move(own);
  } catch (const StatusError& error) {
    // What is deleted meanwhile goes by file, after it has lost its name.
    if (!is_still_there(*files, summary.path, directory_status)) fail_no_checkpoint(directory, step);
    summary.damage = error.error();
  }
  return summary;
}

bool is_pinned(FileSystem& files, const std::string& path) {
  struct stat about {};
  return files.status_of(fmt::format("{}/{}", path, kPinName), about) == 0 || errno != ENOENT;
}

std::vector<std::int64_t> steps_in(const std::shared_ptr<FileSystem>& files, const std::string& directory) {
  std::vector<std::string> names;
  if (files->list(directory, names) != 0 && errno != ENOENT) {
    throw StatusError(system_error(errno, "listing the checkpoints in", directory));
  }
  return steps_among(names);
}

std::vector<std::int64_t> steps_among(const std::vector<std::string>& names) {
  std::vector<std::int64_t> steps;
  for (const std::string& name : names) {
    if (const auto step = step_of(name)) steps.push_back(*step);
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

StoredCheckpoint CheckpointFiles::open(const std::shared_ptr<FileSystem>& files, const std::string& directory,
                                       std::int64_t step) {
  return StoredCheckpoint(std::shared_ptr<CheckpointFiles>(new CheckpointFiles(files, directory, step)));
}

CheckpointFiles::CheckpointFiles(const std::shared_ptr<FileSystem>& files, const std::string& directory,
                                 std::int64_t step) {
  const std::string path = checkpoint_path(directory, step);
  held_ = OpenFile(files, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!held_) {
    if (errno == ENOENT) fail_no_checkpoint(directory, step);
    if (errno == ELOOP || errno == ENOTDIR) {
      fail(StatusCode::data_loss, fmt::format("checkpoint '{}' is no directory", path));
    }
    throw StatusError(system_error(errno, "opening the checkpoint", path));
  }
  struct stat opened {};
  if (files->status(held_.fd(), opened) != 0) throw StatusError(system_error(errno, "looking at", path));
  hold(*files, held_.fd(), path, [&] {
    if (!is_still_there(*files, path, opened)) fail_no_checkpoint(directory, step);
  });
  Manifest manifest;
  summary_ = summarize(files, directory, step, &manifest);
  if (summary_.damage) throw StatusError(summary_.damage);
  for (ManifestFile& file : manifest.files) {
    std::string name = fmt::format("{}/{}", path, file.name);
    files_.push_back(std::make_unique<CheckedFile>(files, std::move(name), std::move(file), manifest.piece_bytes));
  }
  describe();
}

void CheckpointFiles::describe() {
  std::vector<std::pair<StoredVariable, Place>> all;
  for (const auto& file : files_) {
    if (file->about().kind != ManifestFile::Kind::variables) continue;
    for (const SafetensorsEntry& tensor : file->header().tensors) {
      all.emplace_back(variable_of(tensor, file->header()), Place{file.get(), &tensor});
    }
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first.name < b.first.name; });
  for (auto& [variable, place] : all) {
    if (!variables_.empty() && variables_.back().name == variable.name) {
      fail(StatusCode::data_loss, fmt::format("checkpoint '{}' has two variables '{}'", summary_.path, variable.name));
    }
    variables_.push_back(std::move(variable));
    places_.push_back(place);
  }
}

std::size_t CheckpointFiles::index_of(std::string_view name) const {
  const auto found =
      std::lower_bound(variables_.begin(), variables_.end(), name,
                       [](const StoredVariable& one, std::string_view other) { return one.name < other; });
  if (found != variables_.end() && found->name == name) return static_cast<std::size_t>(found - variables_.begin());
  std::vector<std::string_view> names;
  for (const StoredVariable& variable : variables_) names.emplace_back(variable.name);
  fail(StatusCode::not_found,
       fmt::format("checkpoint '{}' has no variable '{}'{}", summary_.path, name, known_names(name, names)));
}

template <typename Work>
void CheckpointFiles::for_each_piece(int threads, ManifestFile::Kind kind, Work&& work) const {
  std::vector<std::pair<const CheckedFile*, std::size_t>> pieces;
  for (const auto& file : files_) {
    if (file->about().kind != kind) continue;
    for (std::size_t i = 0; i < file->piece_count(); ++i) pieces.emplace_back(file.get(), i);
  }
  std::atomic<std::size_t> next{0};
  FirstError failure;
  const auto take = [&] {
    try {
      for (std::size_t i = next++; i < pieces.size() && !failure.is_set(); i = next++) {
        work(*pieces[i].first, pieces[i].second);
      }
    } catch (...) {
      failure.set(Error::from_current_exception(StatusCode::unknown));
    }
  };
  const auto cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const int wanted = threads > 0 ? threads : std::min(cores, kMostReadingThreads);
  const auto count = std::min<std::size_t>(static_cast<std::size_t>(wanted), std::max<std::size_t>(pieces.size(), 1));
  std::vector<std::thread> others;
  try {
    while (others.size() + 1 < count) others.push_back(start_background_thread("runhook-read", take));
  } catch (...) {  // NOLINT(bugprone-empty-catch): then there are fewer of them
  }
  take();
  for (std::thread& other : others) other.join();
  failure.throw_if_set();
}

const NamedBytes& CheckpointFiles::state() {
  const std::lock_guard lock(state_mutex_);
  if (state_is_read_) return state_;
  NamedBytes state;
  for (const auto& file : files_) {
    if (file->about().kind != ManifestFile::Kind::state) continue;
    for (const SafetensorsEntry& tensor : file->header().tensors) {
      std::string bytes(tensor.end - tensor.begin, '\0');
      file->read(tensor, bytes.data());
      state.emplace_back(tensor.name, std::move(bytes));
    }
  }
  state_ = std::move(state);
  state_is_read_ = true;
  return state_;
}

Snapshot CheckpointFiles::load(int threads) {
  Snapshot snapshot;
  snapshot.global_step = summary_.step;
  snapshot.metrics = summary_.metrics;
  snapshot.state = state();
  std::map<const CheckedFile*, std::vector<CheckedFile::Target>> targets;
  std::vector<std::string> texts(variables_.size());
  for (std::size_t i = 0; i < variables_.size(); ++i) {
    const StoredVariable& variable = variables_[i];
    const Place& place = places_[i];
    char* memory = nullptr;
    if (variable.kind == ValueKind::tensor) {
      Value value = unset_tensor(variable.dtype, variable.shape, variable.bytes);
      memory = static_cast<char*>(value.mutable_data());
      snapshot.variables.emplace_back(variable.name, std::move(value));
    } else {
      texts[i].resize(variable.bytes);
      memory = texts[i].data();
      snapshot.variables.emplace_back(variable.name, Value());
    }
    const std::uint64_t data_begin = place.file->header().data_begin;
    targets[place.file].push_back({data_begin + place.tensor->begin, data_begin + place.tensor->end, memory});
  }
  for (auto& [file, its_targets] : targets) {
    std::sort(its_targets.begin(), its_targets.end(),
              [](const auto& a, const auto& b) { return a.begin != b.begin ? a.begin < b.begin : a.end < b.end; });
  }
  const std::vector<CheckedFile::Target> none;
  for_each_piece(threads, ManifestFile::Kind::variables, [&](const CheckedFile& file, std::size_t piece) {
    const auto found = targets.find(&file);
    file.read_piece(piece, found == targets.end() ? none : found->second);
  });
  for (std::size_t i = 0; i < variables_.size(); ++i) {
    if (variables_[i].kind == ValueKind::string) snapshot.variables[i].second = Value::string(texts[i]);
    if (variables_[i].kind == ValueKind::bytes) {
      snapshot.variables[i].second = Value::bytes(std::as_bytes(std::span(texts[i])));
    }
  }
  return snapshot;
}

Value CheckpointFiles::load_one(std::string_view name) const {
  const std::size_t index = index_of(name);
  const StoredVariable& variable = variables_[index];
  const Place& place = places_[index];
  if (variable.kind != ValueKind::tensor) {
    std::string text(variable.bytes, '\0');
    place.file->read(*place.tensor, text.data());
    return variable.kind == ValueKind::string ? Value::string(text) : Value::bytes(std::as_bytes(std::span(text)));
  }
  Value value = unset_tensor(variable.dtype, variable.shape, variable.bytes);
  place.file->read(*place.tensor, static_cast<char*>(value.mutable_data()));
  return value;
}

Value CheckpointFiles::map_one(std::string_view name) const {
  const std::size_t index = index_of(name);
  const StoredVariable& variable = variables_[index];
  const Place& place = places_[index];
  if (variable.kind != ValueKind::tensor) {
    fail(StatusCode::failed_precondition, fmt::format("variable '{}' is no tensor, so it cannot be mapped", name));
  }
  const std::shared_ptr<char> memory = place.file->map(*place.tensor);
  return Value::adopt(variable.dtype, variable.shape, {}, {}, memory.get(), [memory] {});
}

void CheckpointFiles::verify(int threads) const {
  for (const auto kind : {ManifestFile::Kind::state, ManifestFile::Kind::variables}) {
    for_each_piece(threads, kind, [](const CheckedFile& file, std::size_t piece) { file.check_piece(piece); });
  }
}

}  // namespace detail

const CheckpointSummary& StoredCheckpoint::summary() const noexcept { return files_->summary(); }
const std::vector<StoredVariable>& StoredCheckpoint::variables() const noexcept { return files_->variables(); }
Snapshot StoredCheckpoint::load(int threads) const { return files_->load(threads); }
Value StoredCheckpoint::load(std::string_view name) const { return files_->load_one(name); }
Value StoredCheckpoint::map(std::string_view name) const { return files_->map_one(name); }
const NamedBytes& StoredCheckpoint::state() const { return files_->state(); }
void StoredCheckpoint::verify(int threads) const { files_->verify(threads); }

}  // namespace runhook::inline v1
