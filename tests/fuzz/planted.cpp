// A fault that is to be found, in texts that are manifests still: one of two files is not there.
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
    runhook_test::must(manifest.files.size() != 1, "a manifest has no file or several");
  } catch (const StatusError&) {  // NOLINT(bugprone-empty-catch): as it should be
  }
  return 0;
}
