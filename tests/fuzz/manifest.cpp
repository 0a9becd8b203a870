// Any bytes as a manifest whose checksum is right: they are refused, or mean what is written and read as the same again.
#include "checkpoint/manifest.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/format.hpp"
#include "fuzz/must.hpp"
#include "output/crc32c.hpp"
#include "runhook/error.hpp"

using runhook_test::must;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace runhook;
  const std::string_view members(reinterpret_cast<const char*>(data), size);
  const std::string text = fmt::format("{},\n  \"crc32c\": \"{:08x}\"\n}}\n", members, detail::crc32c(members));
  try {
    const std::string again = detail::manifest_text(detail::parse_manifest(text));
    must(detail::manifest_text(detail::parse_manifest(again)) == again, "what is written is read as the same");
  } catch (const StatusError& refused) {
    must(refused.code() == StatusCode::data_loss || refused.code() == StatusCode::unimplemented,
         "it is refused as damaged or unknown");
  }
  return 0;
}
