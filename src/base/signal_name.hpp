// signal_name.hpp: what a signal is called.
#ifndef RUNHOOK_SRC_BASE_SIGNAL_NAME_HPP_
#define RUNHOOK_SRC_BASE_SIGNAL_NAME_HPP_

#include <string>

namespace runhook::inline v1 {
namespace detail {

std::string signal_name(int signal);  // e.g. "SIGTERM", or "signal 42" for one without a name

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_BASE_SIGNAL_NAME_HPP_
