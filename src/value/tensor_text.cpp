#include "value/tensor_text.hpp"

#include "base/format.hpp"

namespace runhook::inline v1 {
namespace detail {

std::string_view dtype_name(DType dtype) noexcept {
  switch (dtype) {
    case DType::int8:
      return "int8";
    case DType::int16:
      return "int16";
    case DType::int32:
      return "int32";
    case DType::int64:
      return "int64";
    case DType::uint8:
      return "uint8";
    case DType::uint16:
      return "uint16";
    case DType::uint32:
      return "uint32";
    case DType::uint64:
      return "uint64";
    case DType::float16:
      return "float16";
    case DType::float32:
      return "float32";
    case DType::float64:
      return "float64";
    case DType::bfloat16:
      return "bfloat16";
    case DType::complex64:
      return "complex64";
    case DType::complex128:
      return "complex128";
    case DType::boolean:
      return "boolean";
  }
  return "?";
}

std::string describe_tensor(DType dtype, std::span<const std::int64_t> shape) {
  std::string text(dtype_name(dtype));
  text += '[';
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ',';
    if (shape[i] < 0) {
      text += '?';
    } else {
      detail::append_format(text, "{}", shape[i]);
    }
  }
  text += ']';
  return text;
}

std::string describe_value(const Value& value) {
  switch (value.kind()) {
    case ValueKind::tensor:
      return describe_tensor(value.dtype(), value.shape());
    case ValueKind::string:
      return "a string";
    case ValueKind::bytes:
      return "bytes";
    case ValueKind::absent:
      break;
  }
  return "nothing";
}

}  // namespace detail
}  // namespace runhook::inline v1
