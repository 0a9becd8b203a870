// Any bytes as a safetensors file: they are refused with DATA_LOSS or UNIMPLEMENTED, or mean tensors that fill the file.
#include "checkpoint/safetensors.hpp"

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "fuzz/must.hpp"

using runhook_test::must;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using runhook::detail::SafetensorsHeader;
  if (size < SafetensorsHeader::kLengthBytes) return 0;
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  try {
    const std::uint64_t json_bytes =
        runhook::detail::safetensors_json_bytes(file.substr(0, SafetensorsHeader::kLengthBytes), size);
    must(json_bytes <= size - SafetensorsHeader::kLengthBytes, "the JSON is within the file");
    SafetensorsHeader header =
        runhook::detail::parse_safetensors(file.substr(SafetensorsHeader::kLengthBytes, json_bytes), size);
    must(header.data_begin + header.data_bytes() == size, "the tensors end where the file does");
    std::uint64_t at = 0;
    std::set<std::string_view> names;
    for (const auto& tensor : header.tensors) {
      must(tensor.begin == at && tensor.end >= at, "a tensor begins where the one before it ends");
      must(names.insert(tensor.name).second, "each name is there once");
      at = tensor.end;
    }
    runhook::detail::lay_out_safetensors(header);  // what can be read can be written
  } catch (const runhook::StatusError& refused) {
    runhook_test::must_refuse_as_it_says(refused);
  }
  return 0;
}
