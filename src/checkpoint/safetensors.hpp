// safetensors.hpp: the header of a safetensors file. Of the format's own description: a number of eight bytes, as many
// bytes of JSON, and the data, each byte of which belongs to exactly one tensor.
#ifndef RUNHOOK_SRC_CHECKPOINT_SAFETENSORS_HPP_
#define RUNHOOK_SRC_CHECKPOINT_SAFETENSORS_HPP_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runhook/value.hpp"

namespace runhook::inline v1 {
namespace detail {

struct SafetensorsEntry {
  std::string name;
  DType dtype = DType::uint8;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;  // where its data is, from the first byte of the data on
  std::uint64_t end = 0;
};

struct SafetensorsHeader {
  static constexpr std::uint64_t kLengthBytes = 8;          // the number in front
  static constexpr std::uint64_t kMostBytes = 100'000'000;  // of the JSON

  std::vector<SafetensorsEntry> tensors;  // in the order of their data
  std::map<std::string, std::string, std::less<>> metadata;
  std::uint64_t data_begin = 0;  // in the file

  const SafetensorsEntry* find(std::string_view name) const noexcept;
  std::uint64_t data_bytes() const noexcept { return tensors.empty() ? 0 : tensors.back().end; }
};

// Whether the format has this type; it lacks complex128.
bool has_safetensors_dtype(DType dtype) noexcept;

// Puts the tensors into the order of the format, gives them their places, and returns what the file begins with. The
// data begins at a multiple of 64. Throws INVALID_ARGUMENT for two of one name, for "__metadata__", for names that are
// not UTF-8, and if it gets longer than the format allows.
std::string lay_out_safetensors(SafetensorsHeader& header);

// How many bytes of JSON there are, from the first eight bytes of a file of this size. Throws DATA_LOSS.
std::uint64_t safetensors_json_bytes(std::string_view first_eight, std::uint64_t file_bytes);

// Reads the JSON of a file of this size. It takes time and memory in proportion to the text, whatever the text says.
// Throws DATA_LOSS for what is no such file, and UNIMPLEMENTED for a type that Value does not have.
SafetensorsHeader parse_safetensors(std::string_view json, std::uint64_t file_bytes);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_CHECKPOINT_SAFETENSORS_HPP_
