// Tables of callbacks: how they are taken over, and who owns their user_data.
#ifndef RUNHOOK_CAPI_BOUNDARY_TABLE_HPP_
#define RUNHOOK_CAPI_BOUNDARY_TABLE_HPP_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include "boundary/guard.hpp"
#include "runhook/types.h"

namespace runhook::capi {

// Bytes of a struct up to and including its member `last`.
#define RUNHOOK_CAPI_SIZE_TO(table, last) (offsetof(table, last) + sizeof(table::last))

inline constexpr std::size_t kMaxTableSize = 4096;

// Owns the user_data of a table: destroy runs exactly once.
class UserData {
 public:
  using Destroy = void (*)(void*);
  UserData() noexcept = default;
  UserData(void* data, Destroy destroy) noexcept : data_(data), destroy_(destroy) {}
  UserData(UserData&& other) noexcept : data_(other.data_), destroy_(std::exchange(other.destroy_, nullptr)) {}
  UserData& operator=(UserData&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(destroy_, other.destroy_);
    return *this;
  }
  ~UserData() { run_destroy(); }
  void* get() const noexcept { return data_; }
  void release() noexcept { destroy_ = nullptr; }  // somebody else owns it already

 private:
  void run_destroy() noexcept;
  void* data_ = nullptr;
  Destroy destroy_ = nullptr;
};

namespace detail {
// Copies what fits of a sized struct into `copy`, which is zeroed first. Throws nothing.
// `refused`: struct_size is out of bounds, nothing was copied. `unknown`: the tail that this library lacks is not zero.
enum class Accepted { yes, refused, unknown };
Accepted copy_sized(const void* given, std::size_t min_size, void* copy, std::size_t copy_size) noexcept;
void check_sized(Accepted accepted);  // throws unless it is `yes`
}  // namespace detail

// Takes a table over. `owner` owns its user_data afterwards, on failure too, except if the table is NULL or its size is
// refused. Call it before any other argument is looked at. Clears *out.
template <class Table>
runhook_status accept_table(const Table* given, std::size_t size_v1_0, Table& copy, UserData& owner,
                            runhook_error** out) noexcept {
  clear(out);
  if (given == nullptr) return invalid_argument(out, "the table is NULL");
  const auto accepted = detail::copy_sized(given, size_v1_0, &copy, sizeof copy);
  if (accepted == detail::Accepted::refused) return invalid_argument(out, "struct_size of the table is not valid");
  owner = UserData(copy.user_data, copy.destroy);
  if (accepted == detail::Accepted::unknown) {
    return fail(out, StatusCode::unimplemented, "the table has members that this version of the library does not know");
  }
  return RUNHOOK_OK;
}

// Returns a copy of a struct that owns nothing, e.g. options. Throws INVALID_ARGUMENT if it is NULL or its size is
// refused, UNIMPLEMENTED for members that this library does not know.
template <class Struct>
Struct read_struct(const Struct* given, std::size_t size_v1_0) {
  if (given == nullptr) throw StatusError(StatusCode::invalid_argument, "the struct is NULL");
  Struct copy;
  detail::check_sized(detail::copy_sized(given, size_v1_0, &copy, sizeof copy));
  return copy;
}

// The same for options that may be left out.
template <class Struct>
Struct read_struct(const Struct* given, std::size_t size_v1_0, const Struct& defaults) {
  return given == nullptr ? defaults : read_struct(given, size_v1_0);
}

// Returns what a flag says. Throws INVALID_ARGUMENT, naming it, unless it is 0 or 1.
bool read_flag(std::int32_t given, const char* name);

// A member that fills a gap of a struct. A later version may give it a meaning, which must not be lost on this one.
// Throws UNIMPLEMENTED unless it is 0.
void check_reserved(std::int32_t reserved);

// One callback with its data. Shared by whoever may call it.
struct CFunction {
  CFunction(runhook_callback callback, UserData owner) noexcept : call(callback), data(std::move(owner)) {}
  runhook_callback call;
  UserData data;
};

// Takes a function over. Returns RUNHOOK_OK and sets `function`, or reports why not.
runhook_status accept_function(const runhook_function* given, std::shared_ptr<CFunction>& function,
                               runhook_error** out) noexcept;

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_BOUNDARY_TABLE_HPP_
