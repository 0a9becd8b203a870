// json.hpp: what commands say to programs.
#ifndef RUNHOOK_SRC_PROGRAM_JSON_HPP_
#define RUNHOOK_SRC_PROGRAM_JSON_HPP_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "runhook/error.hpp"
#include "runhook/snapshot.hpp"

namespace runhook::program {

using Json = nlohmann::ordered_json;  // members stand in the order in which the manual page has them

// A number; one that is not finite is a text, as in everything that runhook writes.
Json json_of(double number);
Json json_of(const Error& error);  // code and message; null if there is none
Json json_of(const NamedNumbers& numbers);
Json json_of(const std::optional<std::int64_t>& number);
// The document with a line end. Bytes that are not UTF-8 become U+FFFD.
std::string json_text(const Json& document);

// A value as people read it: numbers with six digits, texts without quotes.
std::string value_text(const Json& value);

// The text as JSON; is_discarded() if it is none.
Json parse_json(std::string_view text);
// The text of a file as JSON. Throws NOT_FOUND, DATA_LOSS for what is no JSON, and what the system says.
Json read_json(const std::string& path);
// A member that is a text, or empty; a whole number, or nothing; an object or list, or an empty object.
std::string text_in(const Json& object, const char* key);
std::optional<std::int64_t> number_in(const Json& object, const char* key);
const Json& member_in(const Json& object, const char* key);

}  // namespace runhook::program

#endif  // RUNHOOK_SRC_PROGRAM_JSON_HPP_
