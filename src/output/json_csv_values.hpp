// json_csv_values.hpp: values as JSON and as fields of CSV.
#ifndef RUNHOOK_SRC_OUTPUT_JSON_CSV_VALUES_HPP_
#define RUNHOOK_SRC_OUTPUT_JSON_CSV_VALUES_HPP_

#include <string>
#include <string_view>

#include "runhook/value.hpp"

namespace runhook::inline v1 {
namespace detail {

std::string csv_field(std::string_view text);  // quoted if it has to be

void append_number(std::string& out, double number);       // finite: the shortest that is read as the same double
std::string_view non_finite_text(double number) noexcept;  // "NaN", "Infinity" or "-Infinity", for lack of a number
std::string hexadecimal(std::string_view bytes);

void append_json(std::string& out, const Value& value);
void append_csv(std::string& out, const Value& value);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_OUTPUT_JSON_CSV_VALUES_HPP_
