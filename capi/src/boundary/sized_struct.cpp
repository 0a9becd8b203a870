#include "boundary/sized_struct.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace runhook::capi {

namespace detail {

Accepted copy_sized(const void* given, std::size_t min_size, void* copy, std::size_t copy_size) noexcept {
  std::size_t size = 0;
  std::memcpy(&size, given, sizeof size);
  if (size < min_size || size > kMaxTableSize) return Accepted::refused;
  std::memset(copy, 0, copy_size);
  std::memcpy(copy, given, std::min(size, copy_size));
  if (size <= copy_size) return Accepted::yes;
  const auto* bytes = static_cast<const unsigned char*>(given);
  const bool zero = std::all_of(bytes + copy_size, bytes + size, [](unsigned char byte) { return byte == 0; });
  return zero ? Accepted::yes : Accepted::unknown;
}

void refuse_null(const StructType& type) {
  throw StatusError(StatusCode::invalid_argument, "the " + std::string(type.name) + " is NULL");
}

void refuse_size(const StructType& type, const void* given) {
  std::size_t size = 0;
  std::memcpy(&size, given, sizeof size);
  std::string macro(type.name);
  std::transform(macro.begin(), macro.end(), macro.begin(),
                 [](char x) { return x >= 'a' && x <= 'z' ? static_cast<char>(x - 'a' + 'A') : x; });
  throw StatusError(StatusCode::invalid_argument,
                    "struct_size of the " + std::string(type.name) + " is " + std::to_string(size) + ", but it has " +
                        std::to_string(type.size) + " bytes: begin with " + macro + "_INIT");
}

void check_sized(Accepted accepted, const StructType& type, const void* given) {
  switch (accepted) {
    case Accepted::yes:
      return;
    case Accepted::refused:
      refuse_size(type, given);
    case Accepted::unknown:
      throw StatusError(StatusCode::unimplemented, "the " + std::string(type.name) +
                                                       " has members that this version of the library does not know");
  }
}

}  // namespace detail

bool read_flag(std::int32_t given, const char* name) {
  if (given != 0 && given != 1) {
    throw StatusError(StatusCode::invalid_argument, std::string(name) + " is neither 0 nor 1");
  }
  return given == 1;
}

void check_reserved(std::int32_t reserved) {
  if (reserved != 0) throw StatusError(StatusCode::unimplemented, "the reserved member is not 0");
}

}  // namespace runhook::capi
