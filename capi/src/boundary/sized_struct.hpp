// sized_struct.hpp: structs that begin with their size, so that callers and library may be of different versions.
#ifndef RUNHOOK_CAPI_BOUNDARY_SIZED_STRUCT_HPP_
#define RUNHOOK_CAPI_BOUNDARY_SIZED_STRUCT_HPP_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runhook/error.hpp"

namespace runhook::capi {

// Bytes of a struct up to and including its member `last`.
#define RUNHOOK_CAPI_SIZE_TO(table, last) (offsetof(table, last) + sizeof(table::last))

inline constexpr std::size_t kMaxTableSize = 4096;

namespace detail {
// Copies what fits of a sized struct into `copy`, which is zeroed first. Throws nothing.
// `refused`: struct_size is out of bounds, nothing was copied. `unknown`: the tail that this library lacks is not zero.
enum class Accepted { yes, refused, unknown };
Accepted copy_sized(const void* given, std::size_t min_size, void* copy, std::size_t copy_size) noexcept;
// The name of a struct type, as the compiler writes it.
template <class Struct>
constexpr std::string_view struct_name() noexcept {
  constexpr std::string_view kBegin = "Struct = ";
  std::string_view name = __PRETTY_FUNCTION__;
  name.remove_prefix(name.find(kBegin) + kBegin.size());
  return name.substr(0, name.find_first_of("];"));
}

// A struct type, for messages.
struct StructType {
  std::string_view name;  // its INIT macro is named after it
  std::size_t size;
};
template <class Struct>
constexpr StructType struct_type() noexcept {
  return {struct_name<Struct>(), sizeof(Struct)};
}

[[noreturn]] void refuse_null(const StructType& type);
[[noreturn]] void refuse_size(const StructType& type, const void* given);
void check_sized(Accepted accepted, const StructType& type, const void* given);  // throws unless it is `yes`
}  // namespace detail

// Returns a copy of a struct that owns nothing, e.g. options. Throws INVALID_ARGUMENT if it is NULL or its size is
// refused, UNIMPLEMENTED for members that this library does not know.
template <class Struct>
Struct read_struct(const Struct* given, std::size_t size_v1_0) {
  constexpr detail::StructType kType = detail::struct_type<Struct>();
  if (given == nullptr) detail::refuse_null(kType);
  Struct copy;
  detail::check_sized(detail::copy_sized(given, size_v1_0, &copy, sizeof copy), kType, given);
  return copy;
}

// The same for options that may be NULL.
template <class Struct>
Struct read_struct(const Struct* given, std::size_t size_v1_0, const Struct& defaults) {
  return given == nullptr ? defaults : read_struct(given, size_v1_0);
}

// Checks the size of a struct that is to be filled. Throws INVALID_ARGUMENT, also if it is NULL.
template <class Struct>
void check_filled(const Struct* given, std::size_t size_v1_0) {
  constexpr detail::StructType kType = detail::struct_type<Struct>();
  if (given == nullptr) detail::refuse_null(kType);
  if (given->struct_size >= size_v1_0 && given->struct_size <= kMaxTableSize) return;
  detail::refuse_size(kType, given);
}

// Returns a flag as a bool. Throws INVALID_ARGUMENT, naming it, unless it is 0 or 1.
bool read_flag(std::int32_t given, const char* name);

// Checks a member that fills a gap of a struct. A later version may give it a meaning, which this one must not ignore:
// throws UNIMPLEMENTED unless it is 0.
void check_reserved(std::int32_t reserved);

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_BOUNDARY_SIZED_STRUCT_HPP_
