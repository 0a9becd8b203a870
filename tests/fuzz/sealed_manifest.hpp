// Any bytes as a manifest whose checksum is right.
#ifndef RUNHOOK_TESTS_FUZZ_SEALED_MANIFEST_HPP_
#define RUNHOOK_TESTS_FUZZ_SEALED_MANIFEST_HPP_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/format.hpp"
#include "output/crc32c.hpp"

namespace runhook_test {

inline std::string sealed_manifest(const std::uint8_t* data, std::size_t size) {
  const std::string_view members(reinterpret_cast<const char*>(data), size);
  return fmt::format("{},\n  \"crc32c\": \"{:08x}\"\n}}\n", members, runhook::detail::crc32c(members));
}

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_FUZZ_SEALED_MANIFEST_HPP_
