// fetched_names.hpp: what hooks that show values are told to fetch.
#ifndef RUNHOOK_SRC_HOOKS_FETCHED_NAMES_HPP_
#define RUNHOOK_SRC_HOOKS_FETCHED_NAMES_HPP_

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runhook/run_context.hpp"
#include "runhook/trigger.hpp"

namespace runhook::inline v1 {
namespace detail {

using TagsAndNames = std::vector<std::pair<std::string, std::string>>;  // in the order in which they are shown

// Puts a list of names, which are their own tags, or a map of tags to names into one form. Throws INVALID_ARGUMENT if
// both are given, and for an empty or repeated one.
TagsAndNames tags_and_names(const std::vector<std::string>& names, const std::map<std::string, std::string>& tags);

// Throws what resolving the names throws, so that a wrong name is found before the first step and not when it is first
// fetched.
void check_names(SessionRunContext& context, const Fetches& fetches);

// The trigger for `every_n_secs`; 0 means every run. Throws INVALID_ARGUMENT for a negative number and for NaN.
Trigger every_n_secs(double seconds);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_HOOKS_FETCHED_NAMES_HPP_
