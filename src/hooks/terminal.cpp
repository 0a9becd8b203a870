#include "hooks/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "base/format.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// Combining marks and joiners, which take no column: they are drawn onto the character before them.
constexpr Range kNoColumn[] = {{0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x064B, 0x065F},
                               {0x200B, 0x200F}, {0x20D0, 0x20F0}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};
// East Asian characters of full width, and emoji.
constexpr Range kTwoColumns[] = {{0x1100, 0x115F},   {0x231A, 0x231B},   {0x2E80, 0x303E},   {0x3041, 0x33FF},
                                 {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},   {0xAC00, 0xD7A3},
                                 {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},
                                 {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1FAFF}, {0x20000, 0x3FFFD}};

template <std::size_t Size>
bool is_in(const Range (&ranges)[Size], char32_t c) noexcept {
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [c](const Range& range) { return c >= range.first && c <= range.last; });
}

std::size_t columns_of_character(char32_t c) noexcept {
  if (c < 0x300) return 1;
  if (is_in(kNoColumn, c)) return 0;
  return is_in(kTwoColumns, c) ? 2 : 1;
}

// The character at the beginning of well-formed UTF-8, and how many bytes it has.
char32_t first_character(std::string_view text, std::size_t& bytes) noexcept {
  const auto lead = static_cast<unsigned char>(text[0]);
  bytes = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  bytes = std::min(bytes, text.size());
  char32_t c = bytes == 1 ? lead : lead & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) c = (c << 6) | (static_cast<unsigned char>(text[i]) & 0x3FU);
  return c;
}

}  // namespace

std::shared_ptr<Output> descriptor_output(int fd) {
  return Output::descriptor(fd, fd == STDERR_FILENO ? "standard error" : fmt::format("descriptor {}", fd));
}

std::size_t terminal_columns(int fd) noexcept {
  constexpr std::size_t kUsual = 80;
  struct winsize size {};
  return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsual;
}

std::size_t columns_of(std::string_view text) noexcept {
  std::size_t columns = 0;
  while (!text.empty()) {
    std::size_t bytes = 0;
    columns += columns_of_character(first_character(text, bytes));
    text.remove_prefix(bytes);
  }
  return columns;
}

std::string_view cut_to_columns(std::string_view text, std::size_t columns) noexcept {
  std::size_t end = 0;
  while (end < text.size()) {
    std::size_t bytes = 0;
    const std::size_t wide = columns_of_character(first_character(text.substr(end), bytes));
    if (wide > columns) break;
    columns -= wide;
    end += bytes;
  }
  return text.substr(0, end);
}

}  // namespace detail
}  // namespace runhook::inline v1
