#include "run/unexplained_failure.hpp"

#include "base/format.hpp"

namespace runhook::inline v1 {
namespace detail {

std::string unexplained_failure(std::string_view callback, std::int32_t returned) {
  return fmt::format("{} returned {}, which is not the value that this call has to return on success", callback,
                     returned);
}

}  // namespace detail
}  // namespace runhook::inline v1
