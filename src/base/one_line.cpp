#include "base/one_line.hpp"

#include <cstddef>

#include "base/format.hpp"
#include "base/utf8.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

// How many bytes at the beginning of well-formed UTF-8 are a control character or a line end; 0: none.
std::size_t control_bytes(std::string_view text) noexcept {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x20 || lead == 0x7F) return 1;
  if (lead == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0) return 2;             // U+0080 to U+009F
  return text.starts_with("\xE2\x80\xA8") || text.starts_with("\xE2\x80\xA9") ? 3 : 0;  // U+2028 and U+2029
}

void append_escaped(std::string& out, char c) { out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c)); }

void append_control(std::string& out, std::string_view control, Blanks blanks) {
  const bool kept = blanks == Blanks::kept;
  if (control == "\n") {
    out += kept ? " " : "\\n";
  } else if (control == "\r") {
    out += kept ? " " : "\\r";
  } else if (control == "\t") {
    out += kept ? "\t" : "\\t";
  } else if (control.size() == 3) {
    out += kept ? " " : control.back() == '\xA8' ? "\\u2028" : "\\u2029";
  } else {
    append_escaped(out, control.back());
  }
}

}  // namespace

std::string one_line(std::string_view text, Blanks blanks) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    std::string_view good = utf8_beginning(text);
    text.remove_prefix(good.size());
    while (!good.empty()) {
      const std::size_t control = control_bytes(good);
      if (control > 0) {
        append_control(out, good.substr(0, control), blanks);
        good.remove_prefix(control);
      } else {
        out += good.front();
        good.remove_prefix(1);
      }
    }
    if (text.empty()) break;
    append_escaped(out, text.front());
    text.remove_prefix(1);
  }
  return out;
}

bool is_one_line(std::string_view text) noexcept {
  if (!is_utf8(text)) return false;
  for (; !text.empty(); text.remove_prefix(1)) {
    if (text.front() != '\t' && control_bytes(text) > 0) return false;
  }
  return true;
}

}  // namespace detail
}  // namespace runhook::inline v1
