// runhook/value.hpp: reference-counted tensors, strings and bytes.
#ifndef RUNHOOK_VALUE_HPP_
#define RUNHOOK_VALUE_HPP_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <utility>

#include "runhook/error.hpp"

struct DLManagedTensor;  // of dlpack.h

namespace runhook::inline v1 {

// Element type of a tensor: (DLPack type code << 8) | bits.
enum class DType : std::int32_t {
  int8 = 0x008,
  int16 = 0x010,
  int32 = 0x020,
  int64 = 0x040,
  uint8 = 0x108,
  uint16 = 0x110,
  uint32 = 0x120,
  uint64 = 0x140,
  float16 = 0x210,
  float32 = 0x220,
  float64 = 0x240,
  bfloat16 = 0x410,
  complex64 = 0x540,
  complex128 = 0x580,
  boolean = 0x608,
};

std::size_t dtype_size(DType dtype) noexcept;  // bytes of an element; 0 for a number that is no DType

// Where a tensor's memory is, in DLPack's numbering. CPU is {1, 0}.
struct Device {
  std::int32_t type = 1;
  std::int32_t id = 0;
  bool operator==(const Device&) const = default;
};

enum class ValueKind : std::int32_t { absent = 0, tensor = 1, string = 2, bytes = 3 };

class Value;
namespace detail {
// Copies a scalar on the CPU of at most 64 bits. Returns whether the value is one.
bool scalar_bits(const Value& value, DType& dtype, std::uint64_t& bits) noexcept;
}  // namespace detail

// A shared, reference-counted value. Copying a Value copies the reference, never the data.
//
// The reference count is thread-safe; the data is not guarded. Since 1.0.
class Value {
 public:
  static constexpr std::size_t kMaxRank = 32;

  Value() noexcept = default;  // absent
  Value(const Value& other) noexcept;
  Value(Value&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Value& operator=(Value other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Value() { reset(); }
  void reset() noexcept;

  // Makes a zeroed row-major CPU tensor. Throws INVALID_ARGUMENT for a bad dtype, rank or extent.
  static Value tensor(DType dtype, std::span<const std::int64_t> shape);
  // Makes a CPU tensor holding a copy of `data`, which has as many bytes as dtype and shape say.
  static Value copy_of(DType dtype, std::span<const std::int64_t> shape, const void* data);
  // Makes a tensor over memory that somebody else owns. `strides` counts elements; empty means row-major.
  // `deleter` runs once, when the last reference is gone, on the thread that dropped it; also if this throws.
  static Value adopt(DType dtype, std::span<const std::int64_t> shape, std::span<const std::int64_t> strides,
                     Device device, void* data, std::function<void()> deleter);
  static Value scalar(double value);
  static Value scalar(float value);
  static Value scalar(std::int64_t value);
  static Value scalar(std::int32_t value);
  static Value scalar(bool value);
  static Value string(std::string_view text);  // UTF-8; throws INVALID_ARGUMENT otherwise
  static Value bytes(std::span<const std::byte> data);
  // Takes over a DLPack tensor without copying. Its deleter runs when the last reference is gone; also if this throws.
  static Value from_dlpack(DLManagedTensor* managed);
  // Lends the tensor as DLPack without copying; the receiver calls its deleter. Throws FAILED_PRECONDITION if this is
  // no tensor.
  DLManagedTensor* to_dlpack() const;

  explicit operator bool() const noexcept { return block_ != nullptr; }  // false if absent
  bool same_as(const Value& other) const noexcept { return block_ == other.block_; }
  ValueKind kind() const noexcept;
  DType dtype() const noexcept;                            // of a tensor; int8 otherwise
  std::span<const std::int64_t> shape() const noexcept;    // empty for a scalar, and for what is no tensor
  std::span<const std::int64_t> strides() const noexcept;  // in elements; always as long as shape()
  Device device() const noexcept;
  std::int64_t element_count() const noexcept;  // 1 for a scalar, 0 for what is no tensor
  std::size_t byte_size() const noexcept;       // of the elements, the text or the bytes
  bool is_contiguous() const noexcept;
  const void* data() const noexcept;
  void* mutable_data() noexcept;           // NULL for a string or bytes. Whoever else holds a reference sees the change
  std::string_view text() const noexcept;  // of a string or of bytes; empty otherwise
  bool unique() const noexcept;            // whether this is the only reference

  // The single element converted to T. Throws FAILED_PRECONDITION unless this is a CPU tensor of one real element.
  double to_double() const;
  std::int64_t to_int64() const;

  Value clone() const;  // a deep, contiguous copy. Throws FAILED_PRECONDITION for memory that is not on the CPU

  // For language bindings: one number that is kept with the data and shared by all references; `release` is called with
  // it when the data goes.
  std::uintptr_t binding_handle() const noexcept;
  void set_binding_handle(std::uintptr_t handle, void (*release)(std::uintptr_t) noexcept) const noexcept;

 private:
  friend bool detail::scalar_bits(const Value& value, DType& dtype, std::uint64_t& bits) noexcept;
  struct Block;
  explicit Value(Block* block) noexcept : block_(block) {}
  static Block* new_block(ValueKind kind, std::size_t rank, std::size_t payload);
  Block* block_ = nullptr;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_VALUE_HPP_
