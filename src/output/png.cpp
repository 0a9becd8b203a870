#include "output/png.hpp"

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>

#include "base/format.hpp"
#include "runhook/error.hpp"
#include "value/tensor_text.hpp"

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#include <stb/stb_image_write.h>

namespace runhook::inline v1 {
namespace detail {

namespace {

void check(const Value& image) {
  constexpr std::int64_t kMaxBytes = std::int64_t{1} << 28;  // the encoder counts in int
  const auto shape = image.shape();
  bool good = image.kind() == ValueKind::tensor && image.dtype() == DType::uint8 && shape.size() == 3 &&
              (shape[2] == 1 || shape[2] == 3 || shape[2] == 4);
  good = good && image.element_count() > 0 && image.element_count() <= kMaxBytes - shape[0];
  if (good) return;
  throw StatusError(StatusCode::invalid_argument,
                    fmt::format("a picture is a uint8 tensor of height, width and 1, 3 or 4 channels, not {}",
                                describe_value(image)));
}

void keep(void* to, void* data, int size) noexcept {
  try {
    static_cast<std::string*>(to)->assign(static_cast<const char*>(data), static_cast<std::size_t>(size));
  } catch (...) {  // stays empty, which is no picture
  }
}

}  // namespace

Picture encode_png(const Value& image) {
  check(image);
  const bool dense = image.is_contiguous() && image.device().type == Device().type;
  const Value pixels = dense ? image : image.clone();
  const auto shape = pixels.shape();
  Picture made{static_cast<int>(shape[0]), static_cast<int>(shape[1]), static_cast<int>(shape[2]), {}};
  const int row = made.width * made.channels;
  if (row > 0) {  // always so after check(), which static analysis cannot see
    stbi_write_png_to_func(&keep, &made.png, made.width, made.height, made.channels, pixels.data(), row);
  }
  if (made.png.empty()) throw std::bad_alloc();
  return made;
}

}  // namespace detail
}  // namespace runhook::inline v1
