#include "output/json_string.hpp"

#include <nlohmann/json.hpp>

namespace runhook::inline v1 {

std::string detail::json_string(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace runhook::inline v1
