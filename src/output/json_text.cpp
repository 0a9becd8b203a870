#include "output/json_text.hpp"

#include <nlohmann/json.hpp>
#include <utility>

namespace runhook::inline v1 {
namespace detail {

// Hands on what the parser finds, without a tree of it being made.
class JsonParsing {
 public:
  using Json = nlohmann::json;
  explicit JsonParsing(JsonEvents& its_events) noexcept : events(its_events) {}
  bool null() { return events.other(); }
  bool boolean(bool) { return events.other(); }
  bool number_integer(Json::number_integer_t number) { return events.number(static_cast<double>(number)); }
  bool number_unsigned(Json::number_unsigned_t number) { return events.count(number); }
  bool number_float(Json::number_float_t number, const std::string&) { return events.number(number); }
  bool string(std::string& text) { return events.text(text); }
  bool binary(Json::binary_t&) { return false; }
  bool start_object(std::size_t) { return ++events.depth_ <= kDeepest && events.begin_object(); }
  bool key(std::string& text) { return events.key(text); }
  bool end_object() { return --events.depth_ >= 0 && events.end_object(); }
  bool start_array(std::size_t) { return ++events.depth_ <= kDeepest && events.begin_array(); }
  bool end_array() { return --events.depth_ >= 0 && events.end_array(); }
  bool parse_error(std::size_t position, const std::string&, const Json::exception&) {
    wrong_at = position;
    return false;
  }

  bool is_too_deep() const noexcept { return events.depth_ > kDeepest; }

  static constexpr int kDeepest = 100;  // so that no reader gives up

  JsonEvents& events;
  std::size_t wrong_at = 0;  // the number of a byte; 0: it is well-formed, as far as it was read
};

namespace {

using nlohmann::json;

// The strings of the outermost object.
class StringMembers final : public JsonEvents {
 public:
  bool begin_object() override {
    is_object_ |= depth() == 1;
    return true;
  }
  bool begin_array() override { return is_object_; }
  bool key(std::string& text) override {
    if (depth() == 1) key_of_next_ = std::move(text);
    return true;
  }
  bool text(std::string& value) override {
    if (depth() == 1 && is_object_) found.insert_or_assign(key_of_next_, std::move(value));
    return is_object_;
  }
  bool count(std::uint64_t) override { return is_object_; }
  bool number(double) override { return is_object_; }
  bool other() override { return is_object_; }

  std::map<std::string, std::string> found;

 private:
  std::string key_of_next_;
  bool is_object_ = false;
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

bool parse_json(std::string_view text, JsonEvents& events, std::string* why) {
  // The parser takes these for the begin and the end of a text; other readers do not.
  const bool is_plain = !text.starts_with("\xEF\xBB\xBF") && text.find('\0') == std::string_view::npos;
  JsonParsing parsing(events);
  if (is_plain && json::sax_parse(text.begin(), text.end(), &parsing)) return true;
  if (why != nullptr) {
    *why = !is_plain               ? "it begins with a byte order mark, or has a null character"
           : parsing.is_too_deep() ? "it is nested too deeply"
           : parsing.wrong_at > 0  ? "it is no JSON from byte " + std::to_string(parsing.wrong_at) + " on"
                                   : "it is JSON, but no object";
  }
  return false;
}

std::optional<std::map<std::string, std::string>> json_strings(std::string_view text, std::string* why) {
  StringMembers members;
  if (!parse_json(text, members, why)) return std::nullopt;
  return std::move(members.found);
}

}  // namespace detail
}  // namespace runhook::inline v1
