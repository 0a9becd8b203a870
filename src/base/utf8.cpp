#include "base/utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace runhook::inline v1 {
namespace detail {

namespace {

// The number of bytes at the beginning that are ASCII, checked eight at a time, so that it may be up to seven too low.
// Most names are all ASCII.
std::size_t ascii_prefix(std::string_view text) noexcept {
  std::size_t i = 0;
  for (std::uint64_t eight = 0; text.size() - i >= sizeof eight; i += sizeof eight) {
    std::memcpy(&eight, text.data() + i, sizeof eight);
    if ((eight & 0x8080808080808080U) != 0) break;
  }
  return i;
}

}  // namespace

std::string_view utf8_beginning(std::string_view text) noexcept {
  std::size_t i = ascii_prefix(text);
  while (i < text.size()) {
    const std::size_t begin = i;
    const auto lead = static_cast<unsigned char>(text[i++]);
    if (lead < 0x80) [[likely]]
      continue;
    // How many bytes follow, and between which bounds the first of them must lie.
    std::size_t more = 0;
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
      more = 1;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      more = 2;
      if (lead == 0xE0) low = 0xA0;
      if (lead == 0xED) high = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      more = 3;
      if (lead == 0xF0) low = 0x90;
      if (lead == 0xF4) high = 0x8F;
    } else {
      return text.substr(0, begin);
    }
    if (text.size() - i < more) return text.substr(0, begin);
    for (; more > 0; --more) {
      const auto next = static_cast<unsigned char>(text[i++]);
      if (next < low || next > high) return text.substr(0, begin);
      low = 0x80;
      high = 0xBF;
    }
  }
  return text;
}

bool is_utf8(std::string_view text) noexcept { return utf8_beginning(text).size() == text.size(); }

}  // namespace detail
}  // namespace runhook::inline v1
