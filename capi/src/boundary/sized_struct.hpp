// sized_struct.hpp: structs that begin with their size, so that callers and library may be of different versions.
#ifndef RUNHOOK_CAPI_BOUNDARY_SIZED_STRUCT_HPP_
#define RUNHOOK_CAPI_BOUNDARY_SIZED_STRUCT_HPP_

#include <cstddef>
#include <cstdint>

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
void check_sized(Accepted accepted);  // throws unless it is `yes`
}  // namespace detail

// Returns a copy of a struct that owns nothing, e.g. options. Throws INVALID_ARGUMENT if it is NULL or its size is
// refused, UNIMPLEMENTED for members that this library does not know.
template <class Struct>
Struct read_struct(const Struct* given, std::size_t size_v1_0) {
  if (given == nullptr) throw StatusError(StatusCode::invalid_argument, "the struct is NULL");
  Struct copy;
  detail::check_sized(detail::copy_sized(given, size_v1_0, &copy, sizeof copy));
  return copy;
}

// The same for options that may be NULL.
template <class Struct>
Struct read_struct(const Struct* given, std::size_t size_v1_0, const Struct& defaults) {
  return given == nullptr ? defaults : read_struct(given, size_v1_0);
}

// Returns a flag as a bool. Throws INVALID_ARGUMENT, naming it, unless it is 0 or 1.
bool read_flag(std::int32_t given, const char* name);

// Checks a member that fills a gap of a struct. A later version may give it a meaning, which this one must not ignore:
// throws UNIMPLEMENTED unless it is 0.
void check_reserved(std::int32_t reserved);

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_BOUNDARY_SIZED_STRUCT_HPP_
