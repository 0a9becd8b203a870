#include "output/crc32c.hpp"

#include <array>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace runhook::inline v1 {
namespace detail {

namespace {

// The checksum of each byte, followed by none to seven zeros: eight bytes at a time are looked up at once.
struct Tables {
  std::array<std::array<std::uint32_t, 256>, 8> of;
  Tables() noexcept {
    constexpr std::uint32_t kPolynomial = 0x82F63B78U;  // bits reversed
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      std::uint32_t crc = byte;
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? kPolynomial : 0U);
      of[0][byte] = crc;
    }
    for (std::size_t zeros = 1; zeros < 8; ++zeros) {
      for (std::size_t byte = 0; byte < 256; ++byte) {
        const std::uint32_t crc = of[zeros - 1][byte];
        of[zeros][byte] = (crc >> 8) ^ of[0][crc & 0xFFU];
      }
    }
  }
};

#if defined(__x86_64__)
[[gnu::target("sse4.2")]] std::uint32_t crc32c_sse42(std::string_view data, std::uint32_t before) noexcept {
  std::uint64_t crc = static_cast<std::uint32_t>(~before);
  std::size_t at = 0;
  for (; data.size() - at >= sizeof(std::uint64_t); at += sizeof(std::uint64_t)) {
    std::uint64_t word;
    std::memcpy(&word, data.data() + at, sizeof word);
    crc = _mm_crc32_u64(crc, word);
  }
  auto narrow = static_cast<std::uint32_t>(crc);
  for (; at < data.size(); ++at) narrow = _mm_crc32_u8(narrow, static_cast<unsigned char>(data[at]));
  return ~narrow;
}
#endif

}  // namespace

std::uint32_t crc32c_portable(std::string_view data, std::uint32_t before) noexcept {
  static const Tables tables;  // made when they are needed: most processors have the instruction
  std::uint32_t crc = ~before;
  const auto* byte = reinterpret_cast<const unsigned char*>(data.data());
  std::size_t left = data.size();
  for (; left >= 8; left -= 8, byte += 8) {
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < 4; ++i) next ^= tables.of[7 - i][(crc >> (8 * i) & 0xFFU) ^ byte[i]];
    for (std::size_t i = 4; i < 8; ++i) next ^= tables.of[7 - i][byte[i]];
    crc = next;
  }
  for (; left > 0; --left, ++byte) crc = (crc >> 8) ^ tables.of[0][(crc ^ *byte) & 0xFFU];
  return ~crc;
}

std::uint32_t crc32c(std::string_view data, std::uint32_t before) noexcept {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return crc32c_sse42(data, before);
#endif
  return crc32c_portable(data, before);
}

}  // namespace detail
}  // namespace runhook::inline v1
