// run_directory.hpp: the directory of a run, and what earlier runs have left in it.
#ifndef RUNHOOK_SRC_OUTPUT_RUN_DIRECTORY_HPP_
#define RUNHOOK_SRC_OUTPUT_RUN_DIRECTORY_HPP_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fork_mark.hpp"
#include "runhook/error.hpp"

namespace runhook::inline v1 {
namespace detail {

inline constexpr const char* kRecordSchema = "runhook/run";

// Of the kinds of files that runs leave: "report.html", "metrics.jsonl", ...
inline constexpr std::size_t kRunFileKinds = 8;
// The kind of a file, by its name; kRunFileKinds: none of these.
std::size_t run_file_kind(std::string_view name) noexcept;
// What shows files of a kind, in words.
std::string_view run_file_reader(std::size_t kind) noexcept;

// The names of what is in a directory, in their order; nothing if it cannot be read.
std::vector<std::string> names_in(const std::string& directory);

class RunDirectory {
 public:
  explicit RunDirectory(std::string path) : path_(std::move(path)) {}
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  const std::string& path() const noexcept { return path_; }
  std::string record() const;
  std::string earlier(std::string_view session) const;         // where the files of an earlier run are
  std::string earlier_record(std::string_view session) const;  // and its record

  // Makes the directory, and locks it as long as this exists. ALREADY_EXISTS: another run has locked it, which keeps
  // nobody from writing in it; the message says where the files of session `own` go then.
  Error open(std::string_view own);
  // The session of the record that is there; empty: there is none. FAILED_PRECONDITION: it is not one of ours.
  Error session_of_record(std::string& session) const;
  // Moves what an earlier run has left and the one of session `own` would replace to where the files of earlier runs
  // are, its record last: if the process dies on the way, the next one goes on. That run is over, also if its record
  // does not say so, which is then told in it. Fails as session_of_record() does, too.
  Error keep_earlier(std::string_view own) const;
  std::vector<std::string> files() const;  // the names of those that runs leave, but for the record and earlier runs

 private:
  void remove_unfinished(const std::string& name) const;
  Error move(const std::string& name, const std::string& folder) const;

  const std::string path_;
  const ForkMark birth_;
  int lock_ = -1;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_OUTPUT_RUN_DIRECTORY_HPP_
