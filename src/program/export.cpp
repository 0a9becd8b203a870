#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <utility>

#include "base/format.hpp"
#include "base/refuse.hpp"
#include "checkpoint/file_system.hpp"
#include "checkpoint/stored_form.hpp"
#include "output/sink.hpp"
#include "program/commands.hpp"
#include "program/places.hpp"
#include "program/text.hpp"

namespace runhook::program {

namespace {

struct ExportOptions {
  std::string path;
  std::optional<std::int64_t> step;
  std::string to;
  bool force = false;
};

// A file that gets its name when all of it is on the disk. Until then it has another one beside it, and is removed if
// that does not come to pass. A device or a pipe is written into.
class NewFile {
 public:
  NewFile(const std::string& path, bool may_replace) : path_(path), may_replace_(may_replace) {
    struct stat about {};
    if (::stat(path.c_str(), &about) == 0) {
      if (S_ISDIR(about.st_mode)) detail::refuse(fmt::format("'{}' is a directory: give the path of a file", path));
      if (!S_ISREG(about.st_mode)) {
        file_ = open_file(path_, O_WRONLY);
        return;
      }
      if (!may_replace) refuse_existing();
      path_ = std::filesystem::canonical(path);  // of a link, what it leads to
      mode_ = about.st_mode & 07777U;
    }
    unfinished_ = path_ + ".XXXXXX";
    file_ = detail::OpenFile(detail::system_files(), ::mkostemp(unfinished_.data(), O_CLOEXEC));
    if (!file_) {
      const int number = errno;
      unfinished_.clear();
      throw StatusError(detail::system_error(number, "making a file for", path_));
    }
  }
  ~NewFile() {
    if (!unfinished_.empty()) ::unlink(unfinished_.c_str());
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(std::string_view bytes) {
    errno = 0;
    if (detail::write_all(file_.fd(), bytes) < bytes.size()) give_up("writing");
  }

  void finish() {
    if (unfinished_.empty()) {
      if (file_.close() != 0) give_up("writing");
      return;
    }
    if (::fchmod(file_.fd(), mode_) != 0) give_up("setting the mode of");
    if (::fsync(file_.fd()) != 0) give_up("bringing to the disk");
    if (file_.close() != 0) give_up("closing");
    // The one does not replace what somebody has put there meanwhile.
    const int failed = may_replace_ ? std::rename(unfinished_.c_str(), path_.c_str())
                                    : detail::system_files()->rename(unfinished_, path_);
    if (failed != 0 && errno == EEXIST) refuse_existing();
    if (failed != 0) give_up("naming");
    unfinished_.clear();
    const std::string directory = std::filesystem::path(path_).parent_path().native();
    const detail::OpenFile its_directory = open_file(directory.empty() ? "." : directory, O_RDONLY | O_DIRECTORY);
    if (::fsync(its_directory.fd()) != 0 && errno != EINVAL) give_up("bringing to the disk");  // some cannot
  }

 private:
  static mode_t usual_mode() noexcept {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    return 0666 & ~mask;
  }
  static detail::OpenFile open_file(const std::string& path, int flags) {
    detail::OpenFile file(detail::system_files(), path, flags);
    if (!file) throw StatusError(detail::system_error(errno, "opening", path));
    return file;
  }
  [[noreturn]] void refuse_existing() const {
    detail::fail(StatusCode::already_exists, fmt::format("'{}' is there already: give --force to replace it", path_));
  }
  [[noreturn]] void give_up(std::string_view what) const {
    throw StatusError(detail::system_error(errno, what, path_));
  }

  std::string path_;
  const bool may_replace_;
  mode_t mode_ = usual_mode();
  std::string unfinished_;
  detail::OpenFile file_;
};

Reply export_to(const ExportOptions& options) {
  const StoredCheckpoint checkpoint = open_place(checkpoint_place(options.path, options.step));
  detail::SafetensorsHeader header;
  header.metadata.emplace("step", std::to_string(checkpoint.step()));
  if (!checkpoint.summary().session.empty()) header.metadata.emplace("session", checkpoint.summary().session);
  for (const StoredVariable& variable : checkpoint.variables()) {
    header.tensors.push_back(detail::stored_form(variable, header));
  }
  const std::string beginning = detail::lay_out_safetensors(header);
  NewFile file(options.to, options.force);
  file.write(beginning);
  // One after the other, so that not all have to be in memory.
  for (const detail::SafetensorsEntry& tensor : header.tensors) {
    const Value value = checkpoint.load(tensor.name);
    file.write(detail::bytes_of(value));
  }
  file.finish();
  const std::uint64_t bytes = beginning.size() + header.data_bytes();
  Reply reply;
  reply.json = {
      {"step", checkpoint.step()}, {"path", options.to}, {"variables", header.tensors.size()}, {"bytes", bytes}};
  reply.text = fmt::format("step {}: {}, {} in {}\n", checkpoint.step(), count_text(header.tensors.size(), "variable"),
                           size_text(bytes), options.to);
  return reply;
}

}  // namespace

void add_export(Commands& commands) {
  const auto options = std::make_shared<ExportOptions>();
  CLI::App& command = commands.add("export", "Write the variables of a checkpoint to a safetensors file",
                                   [options] { return export_to(*options); });
  add_checkpoint(command, options->path, options->step);
  command.add_option("--to", options->to, "The file")->required()->type_name("FILE");
  command.add_flag("-f,--force", options->force, "Replace the file if it is there");
}

}  // namespace runhook::program
