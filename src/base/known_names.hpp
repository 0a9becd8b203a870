// known_names.hpp: what is said of a name that is not known: which is nearest, and which there are.
#ifndef RUNHOOK_SRC_BASE_KNOWN_NAMES_HPP_
#define RUNHOOK_SRC_BASE_KNOWN_NAMES_HPP_

#include <string>
#include <string_view>
#include <vector>

namespace runhook::inline v1 {
namespace detail {

// How many edits (a character more, less or other, or two exchanged) make one text of the other, whatever the case of
// ASCII letters.
std::size_t edit_distance(std::string_view one, std::string_view other);

// The end of a message about `wanted`, which is none of `names`: "; did you mean 'loss'? there are 'loss', 'lr' and 3
// more". Bounded, however many and long the names are. Throws std::bad_alloc.
std::string known_names(std::string_view wanted, const std::vector<std::string_view>& names);
std::string known_names(std::string_view wanted, const std::vector<std::string>& names);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_BASE_KNOWN_NAMES_HPP_
