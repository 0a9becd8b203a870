// Tables of callbacks: how they are taken over, and who owns their user_data.
#ifndef RUNHOOK_CAPI_BOUNDARY_TABLE_HPP_
#define RUNHOOK_CAPI_BOUNDARY_TABLE_HPP_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "boundary/exception_guard.hpp"
#include "boundary/sized_struct.hpp"
#include "runhook/types.h"

namespace runhook::capi {

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

// Takes a table over. `owner` owns its user_data afterwards, on failure too, except if the table is NULL or its size is
// refused. Call it before any other argument is looked at. Clears *out.
template <class Table>
runhook_status accept_table(const Table* given, std::size_t size_v1_0, Table& copy, UserData& owner,
                            runhook_error** out) noexcept {
  constexpr detail::StructType kType = detail::struct_type<Table>();
  if (given == nullptr) return guarded(out, [&] { detail::refuse_null(kType); });
  const auto accepted = detail::copy_sized(given, size_v1_0, &copy, sizeof copy);
  if (accepted != detail::Accepted::refused) owner = UserData(copy.user_data, copy.destroy);
  return guarded(out, [&] { detail::check_sized(accepted, kType, given); });
}

// One callback with its data. Shared by all that may call it.
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
