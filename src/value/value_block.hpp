// The shared block behind a Value: one allocation holds header, shape, strides and, unless adopted, the payload.
#ifndef RUNHOOK_SRC_VALUE_VALUE_BLOCK_HPP_
#define RUNHOOK_SRC_VALUE_VALUE_BLOCK_HPP_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "runhook/value.hpp"

namespace runhook::inline v1 {

struct Value::Block {
  enum class Owner : std::uint8_t { self, function, dlpack };  // who owns the data

  std::atomic<std::size_t> references{1};
  ValueKind kind = ValueKind::absent;
  DType dtype = DType::int8;
  Device device;
  std::uint8_t rank = 0;
  Owner owner = Owner::self;
  std::int64_t element_count = 0;
  std::size_t byte_size = 0;
  void* data = nullptr;
  std::atomic<std::uintptr_t> handle{0};
  std::atomic<void (*)(std::uintptr_t) noexcept> release{nullptr};

  std::int64_t* shape() noexcept { return reinterpret_cast<std::int64_t*>(this + 1); }
  std::int64_t* strides() noexcept { return shape() + rank; }
  // What follows the strides: room for the data, or for what `owner` needs to release it.
  void* payload() noexcept { return strides() + rank; }
  // Fills in what is known of a tensor; no strides means row-major.
  void describe(DType type, std::span<const std::int64_t> extents, std::span<const std::int64_t> steps,
                std::int64_t count) noexcept;
  static void destroy(Block* block) noexcept;
};

namespace detail {

// Checks a tensor's description and returns its number of elements. Throws INVALID_ARGUMENT.
std::int64_t checked_element_count(DType dtype, std::span<const std::int64_t> shape);
// Calls the deleter of a DLPack tensor.
void delete_dlpack(DLManagedTensor* managed) noexcept;

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_VALUE_VALUE_BLOCK_HPP_
