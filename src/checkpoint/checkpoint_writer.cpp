#include "checkpoint/checkpoint_writer.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "base/format.hpp"
#include "base/refuse.hpp"
#include "base/time_of_day.hpp"
#include "checkpoint/checkpoint_names.hpp"
#include "checkpoint/manifest.hpp"
#include "checkpoint/safetensors.hpp"
#include "checkpoint/stored_form.hpp"
#include "output/crc32c.hpp"
#include "output/sink.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

// A file that is to be written: its beginning, and where the rest is.
struct PlannedFile {
  ManifestFile about;
  std::string beginning;
  std::vector<std::string_view> data;
  std::vector<Value> copies;  // what `data` is in, if it is not the caller's
};

struct TensorBytes {
  std::string_view name;
  SafetensorsEntry entry;
  std::string_view bytes;
};

PlannedFile plan(std::string name, ManifestFile::Kind kind, std::vector<TensorBytes> tensors, SafetensorsHeader header,
                 std::vector<Value> copies) {
  std::map<std::string_view, std::string_view> by_name;
  for (TensorBytes& tensor : tensors) {
    by_name.emplace(tensor.name, tensor.bytes);
    header.tensors.push_back(std::move(tensor.entry));
  }
  PlannedFile file;
  file.about.name = std::move(name);
  file.about.kind = kind;
  file.beginning = lay_out_safetensors(header);
  file.about.bytes = file.beginning.size() + header.data_bytes();
  for (const SafetensorsEntry& tensor : header.tensors) file.data.push_back(by_name[tensor.name]);
  file.copies = std::move(copies);
  return file;
}

PlannedFile plan_variables(const Snapshot& snapshot) {
  SafetensorsHeader header;
  std::vector<TensorBytes> tensors;
  std::vector<Value> copies;
  for (const auto& [name, value] : snapshot.variables) {
    if (name.empty()) refuse("a variable has an empty name");
    if (!value) refuse(fmt::format("variable '{}' has no value", name));
    if (value.kind() == ValueKind::tensor && value.device() != Device{}) {
      fail(StatusCode::failed_precondition,
           fmt::format("variable '{}' is not in the memory of the CPU: copy it there to have it saved", name));
    }
    const bool lies_in_order = value.kind() != ValueKind::tensor || value.is_contiguous();
    if (!lies_in_order) copies.push_back(value.clone());
    const Value& stored = lies_in_order ? value : copies.back();
    tensors.push_back({name, stored_form(described(name, stored), header), bytes_of(stored)});
  }
  return plan(kVariablesName, ManifestFile::Kind::variables, std::move(tensors), std::move(header), std::move(copies));
}

PlannedFile plan_state(const Snapshot& snapshot) {
  std::vector<TensorBytes> tensors;
  for (const auto& [name, bytes] : snapshot.state) {
    if (name.empty()) refuse("a state has an empty name");
    SafetensorsEntry entry{.name = name, .shape = {static_cast<std::int64_t>(bytes.size())}};
    tensors.push_back({name, std::move(entry), bytes});
  }
  return plan(kStateName, ManifestFile::Kind::state, std::move(tensors), {}, {});
}

// Writes a new file and makes the checksums of its pieces on the way. Small parts are put together first.
class NewFile {
 public:
  NewFile(std::shared_ptr<FileSystem> files, std::string path, std::uint64_t bytes, Durability durability)
      : files_(std::move(files)), path_(std::move(path)), durability_(durability) {
    file_ = OpenFile(files_, path_, O_WRONLY | O_CREAT | O_EXCL);
    if (!file_) give_up("making");
    if (bytes == 0 || files_->reserve(file_.fd(), bytes) == 0) return;
    if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EIO) give_up("reserving room for");
  }

  void add(std::string_view data) {
    if (data.size() < kSmall) {
      if (buffer_.size() + data.size() > kSmall) flush();
      buffer_ += data;
      return;
    }
    flush();
    write(data);
  }

  std::vector<std::uint32_t> finish() {
    flush();
    if (in_piece_ > 0) pieces_.push_back(checksum_);
    // Never again after a failure other than an interruption: the second time it would say that all is well.
    if (durability_ == Durability::full && uninterrupted([&] { return files_->sync(file_.fd()); }) != 0) {
      give_up("bringing to the disk");
    }
    if (file_.close() != 0 && errno != EINTR) give_up("closing");
    return std::move(pieces_);
  }

 private:
  static constexpr std::size_t kSmall = std::size_t{256} << 10;
  static constexpr std::size_t kSlice = std::size_t{1} << 20;
  static constexpr std::uint64_t kBegin = std::uint64_t{16} << 20;

  [[noreturn]] void give_up(std::string_view what) const { throw StatusError(system_error(errno, what, path_)); }

  void flush() {
    write(buffer_);
    buffer_.clear();
  }

  void write(std::string_view data) {
    while (!data.empty()) {
      const std::size_t size = std::min({data.size(), kSlice, static_cast<std::size_t>(kPieceBytes - in_piece_)});
      checksum_ = crc32c(data.substr(0, size), checksum_);
      in_piece_ += size;
      if (in_piece_ == kPieceBytes) {
        pieces_.push_back(std::exchange(checksum_, 0));
        in_piece_ = 0;
      }
      write_all_of(data.substr(0, size));
      data.remove_prefix(size);
      written_ += size;
      // The disk is busy meanwhile; the system itself would begin once there is much more.
      if (durability_ == Durability::full && written_ - begun_ >= kBegin) {
        files_->begin_sync(file_.fd(), begun_, written_ - begun_);
        begun_ = written_;
      }
    }
  }

  void write_all_of(std::string_view data) {
    while (!data.empty()) {
      const ssize_t count = files_->write(file_.fd(), data.data(), data.size());
      if (count > 0) {
        data.remove_prefix(static_cast<std::size_t>(count));
      } else if (count == 0) {
        errno = EIO;
        give_up("writing");
      } else if (errno != EINTR) {
        give_up("writing");
      }
    }
  }

  const std::shared_ptr<FileSystem> files_;
  const std::string path_;
  const Durability durability_;
  OpenFile file_;
  std::string buffer_;
  std::uint64_t written_ = 0, begun_ = 0;  // of the bytes, how many, and how many are on their way to the disk
  std::uint32_t checksum_ = 0;
  std::uint64_t in_piece_ = 0;
  std::vector<std::uint32_t> pieces_;
};

}  // namespace

CheckpointWriter::CheckpointWriter(std::shared_ptr<FileSystem> files, std::string directory, Durability durability,
                                   std::string session)
    : files_(std::move(files)),
      directory_(std::move(directory)),
      durability_(durability),
      session_(std::move(session)) {}

void CheckpointWriter::commit(const Snapshot& snapshot) {
  if (snapshot.global_step < 0) refuse("a checkpoint's step is negative");
  std::vector<PlannedFile> planned;
  planned.push_back(plan_variables(snapshot));
  if (!snapshot.state.empty()) planned.push_back(plan_state(snapshot));

  // With something for the manifest, directories and what the file system needs itself.
  constexpr std::uint64_t kRoomBesides = std::uint64_t{64} << 10;
  std::uint64_t needed = kRoomBesides;
  for (const PlannedFile& file : planned) needed += file.about.bytes;
  std::uint64_t room = 0;
  if (files_->free_bytes(directory_, room) == 0 && room < needed) {
    fail(StatusCode::resource_exhausted,
         fmt::format("the checkpoint of step {} needs room for {} bytes, and '{}' has room for {}",
                     snapshot.global_step, needed, directory_, room));
  }

  const std::string path = fmt::format("{}/{}", directory_, unique_name(kUnfinished, snapshot.global_step));
  const std::string new_path = checkpoint_path(directory_, snapshot.global_step);
  if (files_->make_directory(path) != 0) throw StatusError(system_error(errno, "making", path));
  try {
    Manifest manifest;
    manifest.step = snapshot.global_step;
    manifest.saved_unix_ns = unix_now_ns();
    manifest.session = session_;
    manifest.metrics = snapshot.metrics;
    for (PlannedFile& file : planned) {
      NewFile written(files_, fmt::format("{}/{}", path, file.about.name), file.about.bytes, durability_);
      written.add(file.beginning);
      for (const std::string_view data : file.data) written.add(data);
      file.about.pieces = written.finish();
      manifest.files.push_back(std::move(file.about));
    }
    const std::string text = manifest_text(manifest);
    NewFile written(files_, fmt::format("{}/{}", path, kManifestName), text.size(), durability_);
    written.add(text);
    written.finish();
    sync_directory(path);
    if (files_->rename(path, new_path) != 0) {
      if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR) {
        throw StatusError(system_error(errno, "committing", new_path));
      }
      fail(StatusCode::already_exists, fmt::format("there is a checkpoint '{}' already", new_path));
    }
  } catch (...) {
    Error error = Error::from_current_exception(StatusCode::internal);
    if (const Error left = remove(path)) error.add_suppressed(left);
    throw StatusError(error);
  }
}

Error CheckpointWriter::remove(const std::string& path) noexcept {
  try {
    std::vector<std::string> names;
    if (files_->list(path, names) != 0) return errno == ENOENT ? Error() : system_error(errno, "listing", path);
    for (const std::string& name : names) {
      if (name == "." || name == "..") continue;
      const std::string file = fmt::format("{}/{}", path, name);
      if (files_->remove_file(file) != 0 && errno != ENOENT) return system_error(errno, "deleting", file);
    }
    if (files_->remove_directory(path) != 0 && errno != ENOENT) return system_error(errno, "deleting", path);
    return {};
  } catch (...) {
    return Error::from_current_exception(StatusCode::internal);
  }
}

void CheckpointWriter::sync_directory(const std::string& path) {
  if (durability_ != Durability::full) return;
  OpenFile directory(files_, path, O_RDONLY | O_DIRECTORY);
  if (!directory) throw StatusError(system_error(errno, "opening", path));
  // Some file systems cannot, and need not.
  if (uninterrupted([&] { return files_->sync(directory.fd()); }) != 0 && errno != EINVAL) {
    throw StatusError(system_error(errno, "bringing to the disk", path));
  }
}

}  // namespace detail
}  // namespace runhook::inline v1
