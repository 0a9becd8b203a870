#include "handle_box.hpp"

#include <string>

namespace runhook::capi::detail {

void refuse_handle(const char* noun) {
  throw StatusError(StatusCode::invalid_argument, std::string("not a valid ") + noun);
}

}  // namespace runhook::capi::detail
