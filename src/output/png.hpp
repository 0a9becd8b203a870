// Pictures as PNG.
#ifndef RUNHOOK_SRC_OUTPUT_PNG_HPP_
#define RUNHOOK_SRC_OUTPUT_PNG_HPP_

#include <string>

#include "runhook/value.hpp"

namespace runhook::inline v1 {
namespace detail {

struct Picture {
  int height = 0;
  int width = 0;
  int channels = 0;  // 1: grey, 3: RGB, 4: RGBA
  std::string png;
};

// Of a uint8 tensor on the CPU of height x width x channels. Throws INVALID_ARGUMENT for another tensor or one that is
// empty or exceeds 2^28 bytes.
Picture encode_png(const Value& image);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_OUTPUT_PNG_HPP_
