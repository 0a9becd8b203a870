#include "output/json_csv_values.hpp"

#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>

#include "base/format.hpp"
#include "output/json_text.hpp"
#include "value/element.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

// Appends an element; `quote` goes around elements that are no numbers.
struct AppendElement {
  void operator()(bool x) const { out += x ? "true" : "false"; }
  void operator()(std::int64_t x) const { detail::append_format(out, "{}", x); }
  void operator()(std::uint64_t x) const { detail::append_format(out, "{}", x); }
  void operator()(double x) const {
    if (std::isfinite(x)) {
      append_number(out, x);
    } else {
      out += quote;
      out += non_finite_text(x);
      out += quote;
    }
  }
  void operator()(std::complex<double> x) const {
    out += '[';
    (*this)(x.real());
    out += ',';
    (*this)(x.imag());
    out += ']';
  }
  std::string& out;
  std::string_view quote;
};

void append_element(std::string& out, const Value& tensor, std::int64_t offset, std::string_view quote) {
  const auto size = static_cast<std::int64_t>(dtype_size(tensor.dtype()));
  visit_element(tensor.dtype(), static_cast<const std::byte*>(tensor.data()) + offset * size,
                AppendElement{out, quote});
}

void append_dimension(std::string& out, const Value& tensor, std::size_t dimension, std::int64_t offset) {
  if (dimension == tensor.shape().size()) return append_element(out, tensor, offset, "\"");
  out += '[';
  for (std::int64_t i = 0; i < tensor.shape()[dimension]; ++i) {
    if (i > 0) out += ',';
    append_dimension(out, tensor, dimension + 1, offset + i * tensor.strides()[dimension]);
  }
  out += ']';
}

bool is_readable(const Value& tensor) noexcept { return tensor.device().type == Device().type; }

}  // namespace

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out += '"';
}

std::string_view non_finite_text(double number) noexcept {
  if (std::isnan(number)) return "NaN";
  return number > 0 ? "Infinity" : "-Infinity";
}

std::string hexadecimal(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) detail::append_format(out, "{:02x}", static_cast<unsigned char>(c));
  return out;
}

void append_number(std::string& out, double number) {
  const std::size_t begin = out.size();
  detail::append_format(out, "{}", number);
  if (out.find_first_of(".e", begin) == std::string::npos) out += ".0";  // so that nobody takes it for an integer
}

void append_json(std::string& out, const Value& value) {
  switch (value.kind()) {
    case ValueKind::string:
      out += json_string(value.text());
      return;
    case ValueKind::bytes:
      out += '"' + hexadecimal(value.text()) + '"';
      return;
    case ValueKind::tensor:
      if (is_readable(value)) return append_dimension(out, value, 0, 0);
      break;
    case ValueKind::absent:
      break;
  }
  out += "null";
}

void append_csv(std::string& out, const Value& value) {
  switch (value.kind()) {
    case ValueKind::string:
      out += csv_field(value.text());
      return;
    case ValueKind::bytes:
      out += hexadecimal(value.text());
      return;
    case ValueKind::tensor: {
      if (!is_readable(value)) return;
      std::string text;
      if (value.shape().empty()) {
        append_element(text, value, 0, "");
      } else {
        append_json(text, value);
      }
      out += csv_field(text);
      return;
    }
    case ValueKind::absent:
      return;
  }
}

}  // namespace detail
}  // namespace runhook::inline v1
