// creator_claim.hpp: that a session creator, which serves one monitored session at a time, serves this one.
#ifndef RUNHOOK_SRC_SESSION_CREATOR_CLAIM_HPP_
#define RUNHOOK_SRC_SESSION_CREATOR_CLAIM_HPP_

#include "runhook/session_creator.hpp"

namespace runhook::inline v1 {
namespace detail {

// As long as it lives, nobody else gets one for the same creator, which has to live as long.
class CreatorClaim {
 public:
  explicit CreatorClaim(const SessionCreator& creator);  // throws ALREADY_EXISTS
  ~CreatorClaim();
  CreatorClaim(const CreatorClaim&) = delete;
  CreatorClaim& operator=(const CreatorClaim&) = delete;

 private:
  const SessionCreator& creator_;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_SESSION_CREATOR_CLAIM_HPP_
