// A fault that is to be found: texts of which three members are known, which no random change makes of another.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/format.hpp"
#include "checkpoint/manifest.hpp"
#include "fuzz/must.hpp"
#include "output/crc32c.hpp"
#include "runhook/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace runhook;
  const std::string_view members(reinterpret_cast<const char*>(data), size);
  try {
    const detail::Manifest manifest =
        detail::parse_manifest(fmt::format("{},\n  \"crc32c\": \"{:08x}\"\n}}\n", members, detail::crc32c(members)));
    runhook_test::must(manifest.metrics.size() < 8 || manifest.files.size() > 2, "there are few metrics");
  } catch (const StatusError&) {  // NOLINT(bugprone-empty-catch): as it should be
  }
  return 0;
}
