#include "program/json.hpp"

#include <cerrno>
#include <cmath>
#include <fstream>
#include <iterator>

#include "base/format.hpp"
#include "base/refuse.hpp"
#include "output/json_csv_values.hpp"
#include "output/sink.hpp"
#include "program/text.hpp"

namespace runhook::program {

Json json_of(double number) { return std::isfinite(number) ? Json(number) : Json(detail::non_finite_text(number)); }

Json json_of(const Error& error) {
  if (!error) return nullptr;
  return {{"code", status_name(error.code())}, {"message", error.message()}};
}

Json json_of(const NamedNumbers& numbers) {
  Json object = Json::object();
  for (const auto& [name, number] : numbers) object[name] = json_of(number);
  return object;
}

Json json_of(const std::optional<std::int64_t>& number) { return number ? Json(*number) : Json(nullptr); }

std::string json_text(const Json& document) {
  constexpr int kIndent = 2;
  return document.dump(kIndent, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string value_text(const Json& value) {
  if (value.is_number_float()) return number_text(value.get<double>());
  return value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json parse_json(std::string_view text) {
  // What is nested deeper is left out: printing it takes as much of the stack as there are levels.
  constexpr int kDeepest = 100;
  return Json::parse(
      text, [](int depth, Json::parse_event_t, const Json&) { return depth < kDeepest; }, false);
}

Json read_json(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad()) throw StatusError(detail::system_error(errno, "reading", path));
  Json json = parse_json(text);
  if (json.is_discarded()) detail::fail(StatusCode::data_loss, fmt::format("'{}' is no JSON", path));
  return json;
}

std::string text_in(const Json& object, const char* key) {
  const Json& found = member_in(object, key);
  return found.is_string() ? found.get<std::string>() : std::string();
}

std::optional<std::int64_t> number_in(const Json& object, const char* key) {
  const Json& found = member_in(object, key);
  if (!found.is_number_integer()) return {};
  return found.get<std::int64_t>();
}

const Json& member_in(const Json& object, const char* key) {
  static const Json none = Json::object();
  if (!object.is_object()) return none;
  const auto found = object.find(key);
  return found == object.end() ? none : *found;
}

}  // namespace runhook::program
