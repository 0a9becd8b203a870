#include "hooks/value_text.hpp"

#include <complex>
#include <cstddef>
#include <cstdint>

#include "base/format.hpp"
#include "base/utf8.hpp"
#include "value/element.hpp"
#include "value/tensor_text.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

constexpr std::int64_t kMostInFull = 16;  // elements of a tensor that is written in full
constexpr std::int64_t kEdge = 3;         // elements of others, at the beginning and at the end of each dimension
constexpr double kWholeBelow = 1e15;      // up to here doubles are exact, and numbers are not too long

std::string element_text(const Value& tensor, std::int64_t offset) {
  struct Text {
    std::string operator()(bool x) const { return x ? "true" : "false"; }
    std::string operator()(std::int64_t x) const { return fmt::format("{}", x); }
    std::string operator()(std::uint64_t x) const { return fmt::format("{}", x); }
    std::string operator()(double x) const { return number_text(x); }
    std::string operator()(std::complex<double> x) const {
      return fmt::format("{}{}{}j", number_text(x.real()), std::signbit(x.imag()) ? "" : "+", number_text(x.imag()));
    }
  };
  const auto size = static_cast<std::int64_t>(dtype_size(tensor.dtype()));
  return visit_element(tensor.dtype(), static_cast<const std::byte*>(tensor.data()) + offset * size, Text());
}

void append_tensor(std::string& out, const Value& tensor, bool in_full, std::size_t dimension, std::int64_t offset) {
  if (dimension == tensor.shape().size()) {
    out += element_text(tensor, offset);
    return;
  }
  const std::int64_t extent = tensor.shape()[dimension];
  const bool cut = !in_full && extent > 2 * kEdge;
  out += '[';
  for (std::int64_t i = 0; i < extent; ++i) {
    if (i > 0) out += ' ';
    if (cut && i == kEdge) {
      out += "... ";
      i = extent - kEdge;
    }
    append_tensor(out, tensor, in_full, dimension + 1, offset + i * tensor.strides()[dimension]);
  }
  out += ']';
}

}  // namespace

std::string number_text(double number) {
  if (std::abs(number) < kWholeBelow && std::trunc(number) == number) return fmt::format("{:.0f}", number);
  return fmt::format("{:.6g}", number);
}

std::string value_text(const Value& value) {
  switch (value.kind()) {
    case ValueKind::string:
    case ValueKind::bytes:
      return one_line(value.text(), Blanks::escaped);
    case ValueKind::tensor:
      if (value.device().type == Device().type) {
        std::string out;
        append_tensor(out, value, value.element_count() <= kMostInFull, 0, 0);
        return out;
      }
      break;
    case ValueKind::absent:
      break;
  }
  return describe_value(value);
}

std::string logged_text(std::string_view name, const LoggedValue& value, std::string_view text) {
  if (value.kind == LoggedKind::text) return one_line(fmt::format("{} = {}", name, text));
  if (value.kind == LoggedKind::integer) return one_line(fmt::format("{} = {}", name, value.integer));
  return one_line(fmt::format("{} = {}", name, number_text(value.number)));
}

std::string named_values_text(std::span<const std::string> tags, std::span<const Value> values) {
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i) {
    detail::append_format(text, "{}{} = {}", i > 0 ? ", " : "", one_line(tags[i], Blanks::escaped),
                          value_text(values[i]));
  }
  return text;
}

}  // namespace detail
}  // namespace runhook::inline v1
