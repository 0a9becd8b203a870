// Any bytes as a manifest whose checksum is right: they are refused, or mean what is written and read as the same again.
#include "checkpoint/manifest.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

#include "fuzz/must.hpp"
#include "fuzz/sealed_manifest.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace runhook;
  using namespace runhook_test;
  try {
    const std::string again = detail::manifest_text(detail::parse_manifest(sealed_manifest(data, size)));
    must(detail::manifest_text(detail::parse_manifest(again)) == again, "what is written is read as the same");
  } catch (const StatusError& refused) {
    must_refuse_as_it_says(refused);
  }
  return 0;
}
