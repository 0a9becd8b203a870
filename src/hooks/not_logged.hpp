// not_logged.hpp: what is said of a name that a hook has waited for in vain.
#ifndef RUNHOOK_SRC_HOOKS_NOT_LOGGED_HPP_
#define RUNHOOK_SRC_HOOKS_NOT_LOGGED_HPP_

#include <string_view>

#include "runhook/run_context.hpp"

namespace runhook::inline v1 {
namespace detail {

// Warns that nobody has logged `name`, and says which names were logged.
void warn_not_logged(SessionRunContext& context, std::string_view name);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_HOOKS_NOT_LOGGED_HPP_
