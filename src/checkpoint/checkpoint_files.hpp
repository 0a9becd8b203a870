// checkpoint_files.hpp: the files of a checkpoint that is open for reading, checked as they are read.
#ifndef RUNHOOK_SRC_CHECKPOINT_CHECKPOINT_FILES_HPP_
#define RUNHOOK_SRC_CHECKPOINT_CHECKPOINT_FILES_HPP_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/file_system.hpp"
#include "checkpoint/manifest.hpp"
#include "checkpoint/safetensors.hpp"
#include "runhook/checkpoint.hpp"

namespace runhook::inline v1 {
namespace detail {

// One data file, of which pieces are checked when they are first read.
class CheckedFile {
 public:
  CheckedFile(std::shared_ptr<FileSystem> files, std::string path, ManifestFile about, std::uint64_t piece_bytes);
  CheckedFile(const CheckedFile&) = delete;
  CheckedFile& operator=(const CheckedFile&) = delete;
  ~CheckedFile();

  const ManifestFile& about() const noexcept { return about_; }
  const SafetensorsHeader& header() const noexcept { return header_; }
  std::size_t piece_count() const noexcept { return about_.pieces.size(); }

  // Memory that takes the bytes of the file from `begin` on.
  struct Target {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    char* memory = nullptr;
  };
  // Reads a piece into those targets that it meets, which are in the order of the file and cover it from the header on,
  // and checks it. Throws DATA_LOSS. Any thread.
  void read_piece(std::size_t piece, const std::vector<Target>& targets) const;
  // Checks a piece, unless it has been checked before. Any thread.
  void check_piece(std::size_t piece) const;
  // Reads one tensor, checking what has not been checked.
  void read(const SafetensorsEntry& tensor, char* memory) const;
  // The tensor's memory in a mapping of the file, which the returned object keeps.
  std::shared_ptr<char> map(const SafetensorsEntry& tensor) const;

 private:
  struct Mapping;
  void read_header();
  void read_at(std::uint64_t offset, char* memory, std::size_t size) const;
  void accept_piece(std::size_t piece, std::uint32_t checksum) const;
  void check_range(std::uint64_t begin, std::uint64_t end) const;
  [[noreturn]] void lose(std::string_view why) const;

  const std::shared_ptr<FileSystem> files_;
  const std::string path_;
  const ManifestFile about_;
  const std::uint64_t piece_bytes_;
  OpenFile file_;
  std::string beginning_;  // up to where the data begins
  SafetensorsHeader header_;
  mutable std::vector<std::atomic<bool>> checked_;
  mutable std::mutex mapping_mutex_;
  mutable std::shared_ptr<Mapping> mapping_;
};

class CheckpointFiles {
 public:
  // Throws NOT_FOUND, DATA_LOSS.
  static StoredCheckpoint open(const std::shared_ptr<FileSystem>& files, const std::string& directory,
                               std::int64_t step);

  const CheckpointSummary& summary() const noexcept { return summary_; }
  const std::vector<StoredVariable>& variables() const noexcept { return variables_; }
  const NamedBytes& state();
  Snapshot load(int threads);
  Value load_one(std::string_view name) const;
  Value map_one(std::string_view name) const;
  void verify(int threads) const;

 private:
  struct Place {
    const CheckedFile* file;
    const SafetensorsEntry* tensor;
  };
  CheckpointFiles(const std::shared_ptr<FileSystem>& files, const std::string& directory, std::int64_t step);
  void describe();
  std::size_t index_of(std::string_view name) const;  // throws NOT_FOUND
  template <typename Work>
  void for_each_piece(int threads, ManifestFile::Kind kind, Work&& work) const;

  CheckpointSummary summary_;
  OpenFile held_;  // with a shared lock: nobody deletes it
  std::vector<std::unique_ptr<CheckedFile>> files_;
  std::vector<StoredVariable> variables_;  // by name, and where each is
  std::vector<Place> places_;
  std::mutex state_mutex_;
  bool state_is_read_ = false;
  NamedBytes state_;
};

// Reads a whole small file. Throws NOT_FOUND, DATA_LOSS for what is no regular file or larger than that, and what the
// system says.
std::string read_small_file(const std::shared_ptr<FileSystem>& files, const std::string& path, std::uint64_t most);

// Whether there is something of this name, and what. Throws what the system says otherwise.
bool is_there(const std::shared_ptr<FileSystem>& files, const std::string& path, struct stat& about);

// What the manifest in the directory of a checkpoint says, and whether its files are there with their sizes: what speaks
// against it is put into `damage`. Throws NOT_FOUND if there is no such checkpoint.
CheckpointSummary summarize(const std::shared_ptr<FileSystem>& files, const std::string& directory, std::int64_t step,
                            Manifest* manifest = nullptr);

// Whether the checkpoint in this directory is to be kept; also if the system cannot tell.
bool is_pinned(FileSystem& files, const std::string& path);

// The steps of which a directory has checkpoints, in their order; none if there is no such directory.
std::vector<std::int64_t> steps_in(const std::shared_ptr<FileSystem>& files, const std::string& directory);
std::vector<std::int64_t> steps_among(const std::vector<std::string>& names);  // that are in it

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_CHECKPOINT_CHECKPOINT_FILES_HPP_
