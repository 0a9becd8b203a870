#include "boundary/text.hpp"

#include "runhook/error.hpp"
#include "src/base/utf8.hpp"

namespace runhook::capi {

std::string_view required_text(const char* text, const char* what) {
  if (text == nullptr) throw StatusError(StatusCode::invalid_argument, std::string(what) + " is NULL");
  if (!v1::detail::is_utf8(text)) throw StatusError(StatusCode::invalid_argument, std::string(what) + " is not UTF-8");
  return text;
}

std::string_view optional_text(const char* text, const char* what) {
  return text == nullptr ? std::string_view() : required_text(text, what);
}

std::string_view readable_text(const char* text) noexcept {
  return text == nullptr ? std::string_view() : v1::detail::utf8_beginning(text);
}

std::vector<std::string> required_texts(const char* const* texts, std::size_t count, const char* what) {
  if (texts == nullptr && count != 0) {
    throw StatusError(StatusCode::invalid_argument, std::string(what) + ": the array is NULL");
  }
  std::vector<std::string> copies;
  for (std::size_t i = 0; i < count; ++i) {
    copies.emplace_back(required_text(texts[i], (std::string(what) + "[" + std::to_string(i) + "]").c_str()));
  }
  return copies;
}

std::string_view required_bytes(const void* data, std::size_t size) {
  if (data == nullptr && size > 0) throw StatusError(StatusCode::invalid_argument, "data is NULL");
  return data != nullptr ? std::string_view(static_cast<const char*>(data), size) : std::string_view();
}

}  // namespace runhook::capi
