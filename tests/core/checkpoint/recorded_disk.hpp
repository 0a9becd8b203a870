// A file system that records what is done to it, and the disks that may be found when the power fails after that.
#ifndef RUNHOOK_TESTS_CORE_CHECKPOINT_RECORDED_DISK_HPP_
#define RUNHOOK_TESTS_CORE_CHECKPOINT_RECORDED_DISK_HPP_

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checkpoint/file_system.hpp"

namespace runhook_test {

// One change of a file or of a directory; both are told by numbers, since their names change.
struct DiskChange {
  enum class Kind { link, unlink, rename, write, grow, sync, remark };
  Kind kind = Kind::remark;
  std::size_t node = 0;   // that is changed: of names, the directory that has them
  std::string name = {};  // that comes or goes
  std::string new_name = {};
  std::size_t child = 0;  // what gets the name
  bool is_directory = false;
  std::uint64_t at = 0;   // of a write; of grow the size
  std::string data = {};  // or what is remarked
};

// Does everything in a folder of the real system, and notes it. One thread.
class RecordingFiles : public runhook::detail::FileSystem {
 public:
  // Whether an fsync does what it says, for a path in the folder.
  using Syncs = std::function<bool(const std::string& path, bool is_directory)>;

  explicit RecordingFiles(std::string folder, Syncs syncs = {})
      : folder_(std::move(folder)), syncs_(std::move(syncs)) {}

  const std::vector<DiskChange>& changes() const noexcept { return changes_; }
  void remark(std::string text) { changes_.push_back({.data = std::move(text)}); }
  void fail_sync_of(std::string path) { failing_ = std::move(path); }  // the next one; in the folder

  int open(const std::string& path, int flags, mode_t mode) override {
    const bool is_new = (flags & O_CREAT) != 0 && !std::filesystem::exists(path);
    const int fd = FileSystem::open(path, flags, mode);
    if (fd < 0) return fd;
    if (is_new) add(path, false);
    open_[fd] = {path, node_of(path), 0};
    return fd;
  }
  int close(int fd) override {
    open_.erase(fd);
    return FileSystem::close(fd);
  }
  ssize_t write(int fd, const void* data, std::size_t size) override {
    const ssize_t count = FileSystem::write(fd, data, size);
    if (count <= 0) return count;
    Opened& file = open_.at(fd);
    const std::string bytes(static_cast<const char*>(data), static_cast<std::size_t>(count));
    changes_.push_back({.kind = DiskChange::Kind::write, .node = file.node, .at = file.at, .data = bytes});
    file.at += bytes.size();
    return count;
  }
  int reserve(int fd, std::uint64_t size) override {
    const int result = FileSystem::reserve(fd, size);
    if (result == 0) changes_.push_back({.kind = DiskChange::Kind::grow, .node = open_.at(fd).node, .at = size});
    return result;
  }
  // The disk is not waited for: it is the record from which it is told what is on it.
  int sync(int fd) override {
    const Opened& file = open_.at(fd);
    const std::string path = std::filesystem::path(file.path).lexically_relative(folder_).native();
    if (path == failing_) {
      failing_.clear();
      errno = EIO;
      return -1;
    }
    const bool is_directory = names_.count(file.node) > 0;
    if (!syncs_ || syncs_(path, is_directory)) {
      changes_.push_back({.kind = DiskChange::Kind::sync, .node = file.node});
    }
    return 0;
  }
  int make_directory(const std::string& path) override {
    const int result = FileSystem::make_directory(path);
    if (result == 0) add(path, true);
    return result;
  }
  int remove_directory(const std::string& path) override {
    const int result = FileSystem::remove_directory(path);
    if (result == 0) remove(path);
    return result;
  }
  int remove_file(const std::string& path) override {
    const int result = FileSystem::remove_file(path);
    if (result == 0) remove(path);
    return result;
  }
  int rename(const std::string& from, const std::string& to) override {
    const int result = FileSystem::rename(from, to);
    if (result != 0) return result;
    const auto [directory, name] = place_of(from);
    const auto [new_directory, new_name] = place_of(to);
    if (directory != new_directory) throw std::logic_error("the model knows no renaming across directories");
    const std::size_t child = names_[directory].at(name);
    names_[directory].erase(name);
    names_[directory][new_name] = child;
    changes_.push_back({.kind = DiskChange::Kind::rename,
                        .node = directory,
                        .name = name,
                        .new_name = new_name,
                        .child = child,
                        .is_directory = names_.count(child) > 0});
    return 0;
  }
  int list(const std::string& directory, std::vector<std::string>& names) override {
    const int result = FileSystem::list(directory, names);
    std::sort(names.begin(), names.end());
    return result;
  }

 private:
  struct Opened {
    std::string path;
    std::size_t node = 0;
    std::uint64_t at = 0;
  };

  std::size_t node_of(const std::filesystem::path& path) const {
    std::size_t node = 0;
    for (const auto& part : path.lexically_relative(folder_)) {
      if (part != ".") node = names_.at(node).at(part.native());
    }
    return node;
  }
  std::pair<std::size_t, std::string> place_of(const std::filesystem::path& path) const {
    return {node_of(path.parent_path()), path.filename().native()};
  }
  void add(const std::string& path, bool is_directory) {
    const auto [directory, name] = place_of(path);
    const std::size_t child = next_++;
    if (is_directory) names_[child];
    names_[directory][name] = child;
    changes_.push_back({.kind = DiskChange::Kind::link,
                        .node = directory,
                        .name = name,
                        .child = child,
                        .is_directory = is_directory});
  }
  void remove(const std::string& path) {
    const auto [directory, name] = place_of(path);
    names_[directory].erase(name);
    changes_.push_back({.kind = DiskChange::Kind::unlink, .node = directory, .name = name});
  }

  const std::string folder_;
  const Syncs syncs_;
  std::vector<DiskChange> changes_;
  std::map<std::size_t, std::map<std::string, std::size_t>> names_{{0, {}}};  // of each directory; 0 is the folder
  std::map<int, Opened> open_;
  std::size_t next_ = 1;
  std::string failing_;
};

// What is on the disk, and what is on its way there: of each file and directory, what was changed since its last fsync
// may be there or not, in any combination; of the last write that is there, any of its sectors.
class Disk {
 public:
  void apply(const DiskChange& change) {
    if (change.kind == DiskChange::Kind::remark) return;
    Node& node = nodes_[change.node];
    if (change.kind == DiskChange::Kind::link) nodes_[change.child].is_directory = change.is_directory;
    if (change.kind != DiskChange::Kind::sync) return node.pending.push_back(change);
    for (const DiskChange& one : node.pending) keep(node, one);
    node.pending.clear();
  }
  bool has_pending() const {
    return std::any_of(nodes_.begin(), nodes_.end(), [](const auto& one) { return !one.second.pending.empty(); });
  }
  // Makes, in an empty folder, what may be found.
  void make(const std::string& folder, std::mt19937_64& random) const {
    const Survival survival = static_cast<Survival>(random() % 4);
    make(0, folder, survival, random);
  }

 private:
  static constexpr std::size_t kSector = 512;
  enum class Survival { all, none, beginning, any };

  struct Node {
    bool is_directory = false;
    std::map<std::string, std::size_t> names;
    std::string bytes;
    std::vector<DiskChange> pending;
  };

  static void keep(Node& node, const DiskChange& change) {
    using Kind = DiskChange::Kind;
    if (change.kind == Kind::link) node.names[change.name] = change.child;
    if (change.kind == Kind::unlink) node.names.erase(change.name);
    if (change.kind == Kind::rename) {
      node.names.erase(change.name);
      node.names[change.new_name] = change.child;
    }
    if (change.kind == Kind::grow && node.bytes.size() < change.at) node.bytes.resize(change.at);
    if (change.kind == Kind::write) {
      const std::size_t end = change.at + change.data.size();
      if (node.bytes.size() < end) node.bytes.resize(end);
      std::copy(change.data.begin(), change.data.end(), node.bytes.begin() + static_cast<std::ptrdiff_t>(change.at));
    }
  }

  static std::vector<DiskChange> surviving(const Node& node, Survival survival, std::mt19937_64& random) {
    std::vector<DiskChange> some = node.pending;
    if (survival == Survival::none) some.clear();
    if (survival == Survival::beginning) some.resize(random() % (some.size() + 1));
    if (survival == Survival::any) std::erase_if(some, [&](const DiskChange&) { return random() % 2 == 0; });
    const bool is_torn = survival != Survival::all && random() % 2 == 0;
    if (!is_torn || some.empty() || some.back().kind != DiskChange::Kind::write) return some;
    const DiskChange last = some.back();
    some.pop_back();
    for (std::size_t at = 0; at < last.data.size(); at += kSector) {
      if (random() % 2 == 0) continue;
      DiskChange sector = last;
      sector.at = last.at + at;
      sector.data = last.data.substr(at, kSector);
      some.push_back(std::move(sector));
    }
    return some;
  }

  void make(std::size_t number, const std::string& path, Survival survival, std::mt19937_64& random) const {
    Node node = nodes_.at(number);
    for (const DiskChange& change : surviving(node, survival, random)) keep(node, change);
    if (!node.is_directory) {
      std::ofstream(path, std::ios::binary) << node.bytes;
      return;
    }
    std::filesystem::create_directory(path);
    for (const auto& [name, child] : node.names) make(child, path + "/" + name, survival, random);
  }

  std::map<std::size_t, Node> nodes_{{0, {.is_directory = true, .names = {}, .bytes = {}, .pending = {}}}};
};

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_CORE_CHECKPOINT_RECORDED_DISK_HPP_
