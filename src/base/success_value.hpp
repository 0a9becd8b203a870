// success_value.hpp: the value by which a callback says that its call has succeeded.
#ifndef RUNHOOK_SRC_BASE_SUCCESS_VALUE_HPP_
#define RUNHOOK_SRC_BASE_SUCCESS_VALUE_HPP_

#include <cstdint>

namespace runhook::inline v1 {
namespace detail {

// A number that differs from call to call. A foreign function that raises gives what stands where its runtime looks for
// results: the value of an earlier call (ctypes, koffi), or whatever a function called before has left on the stack. So
// the number of a call must not have been on the stack before that call: it is kept here, in memory, taken as the last
// thing before the call and compared from memory after it, and never held in a local variable meanwhile, which a callee
// would save on the stack. Calls within calls take their numbers from another object.
class SuccessValue {
 public:
  SuccessValue() noexcept : expected_(first()) {}  // each begins elsewhere

  // Before the first of some calls, which may be as many as sixteen million. Values are not 0, 1, -1 or otherwise likely.
  void prepare() noexcept {
    if (static_cast<std::uint32_t>(expected_) > kLast) [[unlikely]]
      expected_ = (expected_ & kFailed) | kFirst;
  }
  std::int32_t next() noexcept { return static_cast<std::int32_t>(++expected_); }
  // Of the call in progress, for a function that hands it on.
  std::int32_t current() const noexcept { return static_cast<std::int32_t>(expected_); }
  bool is(std::int32_t returned) const noexcept { return returned == expected_; }

  // From now on no value is it, until the failure is cleared.
  void fail() noexcept { expected_ |= kFailed; }
  void clear_failure() noexcept { expected_ &= ~kFailed; }

 private:
  static constexpr std::int64_t kFailed = std::int64_t{1} << 40;  // no int32_t is equal to a number with this bit
  static constexpr std::uint32_t kFirst = 0x01000000;
  static constexpr std::uint32_t kLast = 0x7EFFFFFF;
  static std::int64_t first() noexcept;

  std::int64_t expected_;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_BASE_SUCCESS_VALUE_HPP_
