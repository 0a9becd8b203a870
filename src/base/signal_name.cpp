#include "base/signal_name.hpp"

#include <cstring>

#include "base/format.hpp"

namespace runhook::inline v1 {
namespace detail {

std::string signal_name(int signal) {
  const char* const name = sigabbrev_np(signal);
  return name == nullptr ? fmt::format("signal {}", signal) : fmt::format("SIG{}", name);
}

}  // namespace detail
}  // namespace runhook::inline v1
