// event_files.hpp: what stands in TensorBoard's event files.
#ifndef RUNHOOK_SRC_PROGRAM_EVENT_FILES_HPP_
#define RUNHOOK_SRC_PROGRAM_EVENT_FILES_HPP_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "program/json.hpp"
#include "runhook/error.hpp"

namespace runhook::program {

struct EventFile {
  std::string path = {};
  std::uint64_t bytes = 0;
  std::uint64_t events = 0;
  Error damage = {};  // what follows it is not read
};

struct EventValue {
  std::int64_t step = 0;
  std::optional<double> number = {};  // of a scalar
};

struct EventTag {
  std::string kind = {};  // "scalar", "histogram", "image", "audio", "text", "tensor" or "other"
  std::vector<EventValue> values = {};
};

struct EventFiles {
  std::vector<EventFile> files;
  std::map<std::string, EventTag> tags;
  std::uint64_t obsolete =
      0;  // values of steps that a run has gone back behind, which TensorBoard does not show either
};

// Of a directory, in the order of the names; or of one file. Throws NOT_FOUND if there are none.
EventFiles read_event_files(const std::string& path);

}  // namespace runhook::program

#endif  // RUNHOOK_SRC_PROGRAM_EVENT_FILES_HPP_
