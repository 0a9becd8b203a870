// runhook/claim_mark.hpp: by which an object that serves one session at a time knows whether one has it.
#ifndef RUNHOOK_CLAIM_MARK_HPP_
#define RUNHOOK_CLAIM_MARK_HPP_

namespace runhook::inline v1 {
namespace detail {

// A copy of an object is one that no session has. Any thread.
class ClaimMark {
 public:
  ClaimMark() noexcept = default;
  ClaimMark(const ClaimMark&) noexcept {}
  ClaimMark& operator=(const ClaimMark&) noexcept { return *this; }
  bool take() noexcept { return !__atomic_exchange_n(&taken_, true, __ATOMIC_ACQUIRE); }  // false: somebody has it
  void give_back() noexcept { __atomic_store_n(&taken_, false, __ATOMIC_RELEASE); }

 private:
  bool taken_ = false;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_CLAIM_MARK_HPP_
