#include "session/creator_claim.hpp"

#include "runhook/error.hpp"

namespace runhook::inline v1 {
namespace detail {

CreatorClaim::CreatorClaim(const SessionCreator& creator) : creator_(creator) {
  if (creator_.claim_.take()) return;
  throw StatusError(StatusCode::already_exists,
                    "the config, or its session creator, belongs to another session, which has not ended; each open "
                    "session needs a config with a session creator of its own, or close the other one first");
}

CreatorClaim::~CreatorClaim() { creator_.claim_.give_back(); }

}  // namespace detail
}  // namespace runhook::inline v1
