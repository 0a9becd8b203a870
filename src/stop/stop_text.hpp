// A stop request in words.
#ifndef RUNHOOK_SRC_STOP_STOP_TEXT_HPP_
#define RUNHOOK_SRC_STOP_STOP_TEXT_HPP_

#include <string>

#include "runhook/stop.hpp"

namespace runhook::inline v1 {
namespace detail {

// Who asked, e.g. "hook 'accuracy'".
std::string stop_requester(const StopReason& stop);
// Why; empty if nothing was said.
std::string stop_explanation(const StopReason& stop);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_STOP_STOP_TEXT_HPP_
