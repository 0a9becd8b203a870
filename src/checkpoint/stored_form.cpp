#include "checkpoint/stored_form.hpp"

#include <string>

#include "base/format.hpp"
#include "base/refuse.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

// In the metadata of a file: what the tensor "name" is, if it is not what the file says of it.
constexpr std::string_view kKindPrefix = "runhook:";
constexpr std::string_view kStringKind = "string";
constexpr std::string_view kBytesKind = "bytes";
constexpr std::string_view kComplex128Kind = "complex128";

std::string kind_key(std::string_view name) { return std::string(kKindPrefix) + std::string(name); }

}  // namespace

StoredVariable described(std::string_view name, const Value& value) {
  StoredVariable variable;
  variable.name = name;
  variable.kind = value.kind();
  variable.bytes = bytes_of(value).size();
  if (value.kind() == ValueKind::tensor) {
    variable.dtype = value.dtype();
    variable.shape.assign(value.shape().begin(), value.shape().end());
  }
  return variable;
}

std::string_view bytes_of(const Value& value) noexcept {
  if (value.kind() != ValueKind::tensor) return value.text();
  return {static_cast<const char*>(value.data()), value.byte_size()};
}

SafetensorsEntry stored_form(const StoredVariable& variable, SafetensorsHeader& header) {
  SafetensorsEntry tensor;
  tensor.name = variable.name;
  tensor.dtype = variable.dtype;
  tensor.shape = variable.shape;
  std::string_view kind;
  if (variable.kind != ValueKind::tensor) {
    kind = variable.kind == ValueKind::string ? kStringKind : kBytesKind;
    tensor.dtype = DType::uint8;
    tensor.shape = {static_cast<std::int64_t>(variable.bytes)};
  } else if (variable.dtype == DType::complex128) {
    kind = kComplex128Kind;
    tensor.dtype = DType::float64;
    tensor.shape.push_back(2);
  }
  if (!kind.empty()) header.metadata.emplace(kind_key(variable.name), kind);
  return tensor;
}

StoredVariable variable_of(const SafetensorsEntry& tensor, const SafetensorsHeader& header) {
  StoredVariable variable;
  variable.name = tensor.name;
  variable.dtype = tensor.dtype;
  variable.shape = tensor.shape;
  variable.bytes = tensor.end - tensor.begin;
  const auto found = header.metadata.find(kind_key(tensor.name));
  if (found == header.metadata.end() || found->second.empty()) return variable;
  const std::string_view kind = found->second;
  const bool is_list_of_bytes = tensor.dtype == DType::uint8 && tensor.shape.size() == 1;
  if (kind == kComplex128Kind && tensor.dtype == DType::float64 && !tensor.shape.empty() && tensor.shape.back() == 2) {
    variable.dtype = DType::complex128;
    variable.shape.pop_back();
  } else if ((kind == kStringKind || kind == kBytesKind) && is_list_of_bytes) {
    variable.kind = kind == kStringKind ? ValueKind::string : ValueKind::bytes;
    variable.shape.clear();
  } else {
    fail(StatusCode::data_loss, fmt::format("variable '{}' is not what the file says of it", tensor.name));
  }
  return variable;
}

}  // namespace detail
}  // namespace runhook::inline v1
