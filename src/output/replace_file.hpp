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
//
// Only a regular file is ever replaced: links are followed, and a device, a pipe or a socket is written into. The new
// file has the mode and the owner of the old one. Where these, or other names of the file, could not be kept, it is
// written in place, which `notice` then says.
Error replace_file(const std::string& path, std::string_view content, std::string* notice = nullptr);

// Removes what was written beside `path` by processes that were killed before it could take its place. Leaves alone
// what may still be written by somebody.
void remove_unfinished_replacements(const std::string& path) noexcept;

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_OUTPUT_REPLACE_FILE_HPP_
