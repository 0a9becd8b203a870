#include "output/json_text.hpp"

#include <nlohmann/json.hpp>
#include <utility>

namespace runhook::inline v1 {
namespace detail {

namespace {

using nlohmann::json;

// What the parser tells of a text, without a tree of it being made.
struct StringMembers {
  bool null() { return value(); }
  bool boolean(bool) { return value(); }
  bool number_integer(json::number_integer_t) { return value(); }
  bool number_unsigned(json::number_unsigned_t) { return value(); }
  bool number_float(json::number_float_t, const std::string&) { return value(); }
  bool string(std::string& text) {
    if (depth == 1 && is_object) found.insert_or_assign(key_of_next, std::move(text));
    return value();
  }
  bool binary(json::binary_t&) { return value(); }
  bool start_object(std::size_t) {
    if (depth++ == 0) is_object = true;
    return depth <= kDeepest;
  }
  bool key(std::string& text) {
    if (depth == 1) key_of_next = std::move(text);
    return true;
  }
  bool end_object() { return --depth >= 0; }
  bool start_array(std::size_t) { return ++depth <= kDeepest && value(); }
  bool end_array() { return --depth >= 0; }
  bool parse_error(std::size_t position, const std::string&, const json::exception&) {
    wrong_at = position;
    return false;
  }

  static constexpr int kDeepest = 100;  // so that no reader gives up

  // One that is not in an object is the whole text.
  bool value() const noexcept { return is_object; }

  std::map<std::string, std::string> found;
  std::string key_of_next;
  std::size_t wrong_at = 0;  // the number of a byte; 0: it is well-formed, as far as it was read
  int depth = 0;
  bool is_object = false;
};

}  // namespace

std::string json_string(std::string_view text) {
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

void JsonObject::add(std::string_view key, std::string_view json) {
  if (!members_.empty()) members_ += between_;
  members_ += json_string(key);
  members_ += ": ";
  members_ += json;
}

std::optional<std::map<std::string, std::string>> json_strings(std::string_view text, std::string* why) {
  // The parser takes these for the begin and the end of a text; other readers do not.
  const bool is_plain = !text.starts_with("\xEF\xBB\xBF") && text.find('\0') == std::string_view::npos;
  StringMembers members;
  if (is_plain && json::sax_parse(text.begin(), text.end(), &members)) return std::move(members.found);
  if (why != nullptr) {
    *why = !is_plain                                 ? "it begins with a byte order mark, or has a null character"
           : members.depth > StringMembers::kDeepest ? "it is nested too deeply"
           : members.wrong_at > 0 ? "it is no JSON from byte " + std::to_string(members.wrong_at) + " on"
                                  : "it is JSON, but no object";
  }
  return std::nullopt;
}

}  // namespace detail
}  // namespace runhook::inline v1
