// A fault that is to be found, in texts that are manifests still: one of two files is not there.
#include <cstddef>
#include <cstdint>

#include "checkpoint/manifest.hpp"
#include "fuzz/must.hpp"
#include "fuzz/sealed_manifest.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace runhook;
  using namespace runhook_test;
  try {
    const detail::Manifest manifest = detail::parse_manifest(sealed_manifest(data, size));
    must(manifest.files.size() != 1, "a manifest has no file or several");
  } catch (const StatusError& refused) {
    must_refuse_as_it_says(refused);
  }
  return 0;
}
