// Files that are replaced as a whole: what is new is written beside the old, and then takes its place.
#ifndef RUNHOOK_SRC_OUTPUT_REPLACE_FILE_HPP_
#define RUNHOOK_SRC_OUTPUT_REPLACE_FILE_HPP_

#include <string>
#include <string_view>

#include "runhook/error.hpp"

namespace runhook::inline v1 {
namespace detail {

// Makes directories as need be. May be called for the same path by several threads and processes at a time: one of them
// is the last.
Error replace_file(const std::string& path, std::string_view content);

// Removes what was written beside `path` by processes that were killed before it could take its place. Leaves alone
// what may still be written by somebody.
void remove_unfinished_replacements(const std::string& path) noexcept;

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_OUTPUT_REPLACE_FILE_HPP_
