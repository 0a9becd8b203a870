// Checks of texts and bytes that come from C.
#ifndef RUNHOOK_CAPI_BOUNDARY_TEXT_HPP_
#define RUNHOOK_CAPI_BOUNDARY_TEXT_HPP_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace runhook::capi {

// Returns a view of `text`. Throws INVALID_ARGUMENT, naming `what`, if it is NULL or not UTF-8.
std::string_view required_text(const char* text, const char* what);
// The same; empty if `text` is NULL.
std::string_view optional_text(const char* text, const char* what);
// The same for texts that must not make a call fail, e.g. the reason of a stop: the text is cut before what is not
// UTF-8.
std::string_view readable_text(const char* text) noexcept;
// Copies an array of texts; `texts` may be NULL if `count` is 0.
std::vector<std::string> required_texts(const char* const* texts, std::size_t count, const char* what);

// Bytes that are no text; `data` may be NULL if `size` is 0. Throws INVALID_ARGUMENT.
std::string_view required_bytes(const void* data, std::size_t size);

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_BOUNDARY_TEXT_HPP_
