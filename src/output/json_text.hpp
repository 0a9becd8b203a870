// json_text.hpp: writing and looking at JSON.
#ifndef RUNHOOK_SRC_OUTPUT_JSON_TEXT_HPP_
#define RUNHOOK_SRC_OUTPUT_JSON_TEXT_HPP_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace runhook::inline v1 {
namespace detail {

// The text in quotes; bytes that are not UTF-8 become U+FFFD.
std::string json_string(std::string_view text);

// An object that is being written. Its values are JSON already.
class JsonObject {
 public:
  // `between`: members, e.g. so that each has a line of its own.
  explicit JsonObject(std::string_view between = ", ") : between_(between) {}
  void add(std::string_view key, std::string_view json);
  void add_text(std::string_view key, std::string_view text) { add(key, json_string(text)); }
  void add_number(std::string_view key, std::int64_t number) { add(key, std::to_string(number)); }
  void add_flag(std::string_view key, bool flag) { add(key, flag ? "true" : "false"); }
  std::string text() const { return "{" + members_ + "}"; }
  const std::string& members() const noexcept { return members_; }

 private:
  std::string_view between_;
  std::string members_;
};

// Gets what a JSON text has, one thing after the other. Each returns whether the text is what was expected so far.
class JsonEvents {
 public:
  virtual ~JsonEvents() = default;
  virtual bool begin_object() { return true; }
  virtual bool end_object() { return true; }
  virtual bool begin_array() { return true; }
  virtual bool end_array() { return true; }
  virtual bool key(std::string& text) = 0;
  virtual bool text(std::string& value) = 0;
  virtual bool count(std::uint64_t number) = 0;  // a whole number that is not negative
  virtual bool number(double number) = 0;        // any other
  virtual bool other() = 0;                      // true, false or null

 protected:
  // How many objects and lists are open. One that begins is counted already, and one that ends no longer.
  int depth() const noexcept { return depth_; }

 private:
  friend class JsonParsing;
  int depth_ = 0;
};

// Whether the text is JSON, and what the events expect; if it is no JSON `why`, unless it is NULL, says so.
bool parse_json(std::string_view text, JsonEvents& events, std::string* why = nullptr);

// The members of an object that are strings, those of objects in it left out; nothing if the text is no object, and
// then `why`, unless it is NULL, says what is wrong with it.
std::optional<std::map<std::string, std::string>> json_strings(std::string_view text, std::string* why = nullptr);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_OUTPUT_JSON_TEXT_HPP_
