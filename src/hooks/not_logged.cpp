#include "hooks/not_logged.hpp"

#include "base/format.hpp"
#include "base/known_names.hpp"
#include "run/run_state.hpp"

namespace runhook::inline v1 {
namespace detail {

void warn_not_logged(SessionRunContext& context, std::string_view name) {
  const std::string known = known_names(name, RunState::of(context).values.names());
  context.warn(Error(StatusCode::not_found, fmt::format("'{}' was never logged{}", name, known)));
}

}  // namespace detail
}  // namespace runhook::inline v1
