#include "run/unexplained_failure.hpp"

#include "base/format.hpp"
#include "runhook/hook.hpp"

namespace runhook::inline v1 {
namespace detail {

std::string unexplained_failure(std::string_view callback, std::int32_t returned) {
  return fmt::format("{} returned {}, which is not the success value 0x{:04X} ({})", callback, returned, kCallbackOk,
                     kCallbackOk);
}

}  // namespace detail
}  // namespace runhook::inline v1
