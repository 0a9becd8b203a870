#include "boundary/handle_box.hpp"

#include <string>

namespace runhook::capi::detail {

void refuse_handle(const char* noun) {
  throw StatusError(StatusCode::invalid_argument, std::string("not a valid ") + noun);
}

void refuse_change(const char* noun) {
  throw StatusError(StatusCode::busy, std::string(noun) + ": in use by a call that is under way");
}

}  // namespace runhook::capi::detail
