#include "runhook/value.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <new>

#include "base/format.hpp"
#include "base/utf8.hpp"
#include "runhook/error.hpp"
#include "value/value_block.hpp"

namespace runhook::inline v1 {

namespace {

// Large payloads begin at a cache line, for vector instructions and other libraries; for small ones that would waste
// memory.
constexpr std::size_t kAlignment = 64;

using Deleter = std::function<void()>;
static_assert(alignof(Deleter) <= alignof(std::int64_t), "it is placed behind the strides");

// Runs the deleter of adopted memory unless a Value has taken it over.
class DeleterGuard {
 public:
  explicit DeleterGuard(Deleter& deleter) noexcept : deleter_(&deleter) {}
  ~DeleterGuard() {
    if (deleter_ != nullptr) run(*deleter_);
  }
  DeleterGuard(const DeleterGuard&) = delete;
  DeleterGuard& operator=(const DeleterGuard&) = delete;
  void dismiss() noexcept { deleter_ = nullptr; }
  static void run(Deleter& deleter) noexcept {
    if (!deleter) return;
    try {
      deleter();
    } catch (...) {  // nobody is left who could be told
    }
  }

 private:
  Deleter* deleter_;
};

}  // namespace

std::size_t dtype_size(DType dtype) noexcept {
  switch (dtype) {
    case DType::int8:
    case DType::uint8:
    case DType::boolean:
      return 1;
    case DType::int16:
    case DType::uint16:
    case DType::float16:
    case DType::bfloat16:
      return 2;
    case DType::int32:
    case DType::uint32:
    case DType::float32:
      return 4;
    case DType::int64:
    case DType::uint64:
    case DType::float64:
    case DType::complex64:
      return 8;
    case DType::complex128:
      return 16;
  }
  return 0;
}

namespace detail {

std::int64_t checked_element_count(DType dtype, std::span<const std::int64_t> shape) {
  const std::size_t size = dtype_size(dtype);
  if (size == 0) {
    throw StatusError(StatusCode::invalid_argument,
                      fmt::format("{:#x} is not a dtype", static_cast<std::uint32_t>(dtype)));
  }
  if (shape.size() > Value::kMaxRank) {
    throw StatusError(StatusCode::invalid_argument, fmt::format("rank {} is above {}", shape.size(), Value::kMaxRank));
  }
  // Extents of zero count as one here, so that no stride overflows either.
  std::int64_t room = std::numeric_limits<std::int64_t>::max() / 2 / static_cast<std::int64_t>(size);
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) {
    if (extent < 0) throw StatusError(StatusCode::invalid_argument, fmt::format("extent {} is negative", extent));
    const std::int64_t factor = std::max<std::int64_t>(extent, 1);
    if (factor > room) throw StatusError(StatusCode::invalid_argument, "tensor is too large");
    room /= factor;
    count *= extent;
  }
  return count;
}

}  // namespace detail

Value::Block* Value::new_block(ValueKind kind, std::size_t rank, std::size_t payload) {
  const std::size_t padding = payload >= kAlignment ? kAlignment - 1 : 0;
  const std::size_t head = sizeof(Block) + 2 * rank * sizeof(std::int64_t) + padding;
  if (payload > std::numeric_limits<std::size_t>::max() - head) throw std::bad_alloc();
  Block* block = new (::operator new(head + payload)) Block;
  block->kind = kind;
  block->rank = static_cast<std::uint8_t>(rank);
  block->data = block->payload();
  if (padding > 0) {
    const auto address = reinterpret_cast<std::uintptr_t>(block->data);
    block->data = static_cast<std::byte*>(block->data) + ((kAlignment - address % kAlignment) % kAlignment);
  }
  return block;
}

void Value::Block::describe(DType type, std::span<const std::int64_t> extents, std::span<const std::int64_t> steps,
                            std::int64_t count) noexcept {
  dtype = type;
  element_count = count;
  byte_size = static_cast<std::size_t>(count) * dtype_size(type);
  std::copy(extents.begin(), extents.end(), shape());
  if (!steps.empty()) {
    std::copy(steps.begin(), steps.end(), strides());
    return;
  }
  std::int64_t step = 1;
  for (std::size_t i = rank; i-- > 0;) {
    strides()[i] = step;
    step *= std::max<std::int64_t>(extents[i], 1);
  }
}

void Value::Block::destroy(Block* block) noexcept {
  if (const std::uintptr_t handle = block->handle.load(std::memory_order_acquire); handle != 0) {
    if (const auto release = block->release.load(std::memory_order_relaxed)) release(handle);
  }
  if (block->owner == Owner::function) {
    auto* deleter = static_cast<Deleter*>(block->payload());
    DeleterGuard::run(*deleter);
    deleter->~Deleter();
  } else if (block->owner == Owner::dlpack) {
    detail::delete_dlpack(*static_cast<DLManagedTensor**>(block->payload()));
  }
  block->~Block();
  ::operator delete(block);
}

Value::Value(const Value& other) noexcept : block_(other.block_) {
  if (block_ != nullptr) block_->references.fetch_add(1, std::memory_order_relaxed);
}

void Value::reset() noexcept {
  Block* block = std::exchange(block_, nullptr);
  if (block != nullptr && block->references.fetch_sub(1, std::memory_order_acq_rel) == 1) Block::destroy(block);
}

Value Value::tensor(DType dtype, std::span<const std::int64_t> shape) {
  const std::int64_t count = detail::checked_element_count(dtype, shape);
  const std::size_t bytes = static_cast<std::size_t>(count) * dtype_size(dtype);
  Block* block = new_block(ValueKind::tensor, shape.size(), bytes);
  block->describe(dtype, shape, {}, count);
  std::memset(block->data, 0, bytes);
  return Value(block);
}

Value Value::copy_of(DType dtype, std::span<const std::int64_t> shape, const void* data) {
  const std::int64_t count = detail::checked_element_count(dtype, shape);
  if (data == nullptr && count > 0) throw StatusError(StatusCode::invalid_argument, "tensor data is NULL");
  const std::size_t bytes = static_cast<std::size_t>(count) * dtype_size(dtype);
  Block* block = new_block(ValueKind::tensor, shape.size(), bytes);
  block->describe(dtype, shape, {}, count);
  if (data != nullptr && bytes > 0) std::memcpy(block->data, data, bytes);
  return Value(block);
}

Value Value::adopt(DType dtype, std::span<const std::int64_t> shape, std::span<const std::int64_t> strides,
                   Device device, void* data, std::function<void()> deleter) {
  DeleterGuard guard(deleter);
  const std::int64_t count = detail::checked_element_count(dtype, shape);
  if (!strides.empty() && strides.size() != shape.size()) {
    throw StatusError(StatusCode::invalid_argument,
                      fmt::format("{} strides given for rank {}", strides.size(), shape.size()));
  }
  if (data == nullptr && count > 0) throw StatusError(StatusCode::invalid_argument, "tensor data is NULL");
  Block* block = new_block(ValueKind::tensor, shape.size(), sizeof(Deleter));
  block->describe(dtype, shape, strides, count);
  block->device = device;
  block->data = data;
  block->owner = Block::Owner::function;
  guard.dismiss();
  new (block->payload()) Deleter(std::move(deleter));
  return Value(block);
}

Value Value::scalar(double value) { return copy_of(DType::float64, {}, &value); }
Value Value::scalar(float value) { return copy_of(DType::float32, {}, &value); }
Value Value::scalar(std::int64_t value) { return copy_of(DType::int64, {}, &value); }
Value Value::scalar(std::int32_t value) { return copy_of(DType::int32, {}, &value); }
Value Value::scalar(bool value) {
  const std::uint8_t byte = value ? 1 : 0;
  return copy_of(DType::boolean, {}, &byte);
}

Value Value::string(std::string_view text) {
  if (!detail::is_utf8(text)) throw StatusError(StatusCode::invalid_argument, "text is not valid UTF-8");
  // One byte more, so that C callers find a terminator.
  Block* block = new_block(ValueKind::string, 0, text.size() + 1);
  block->byte_size = text.size();
  if (!text.empty()) std::memcpy(block->data, text.data(), text.size());
  static_cast<char*>(block->data)[text.size()] = '\0';
  return Value(block);
}

Value Value::bytes(std::span<const std::byte> data) {
  Block* block = new_block(ValueKind::bytes, 0, data.size());
  block->byte_size = data.size();
  if (!data.empty()) std::memcpy(block->data, data.data(), data.size());
  return Value(block);
}

ValueKind Value::kind() const noexcept { return block_ != nullptr ? block_->kind : ValueKind::absent; }
DType Value::dtype() const noexcept { return block_ != nullptr ? block_->dtype : DType::int8; }

std::span<const std::int64_t> Value::shape() const noexcept {
  if (block_ == nullptr) return {};
  return {block_->shape(), block_->rank};
}

std::span<const std::int64_t> Value::strides() const noexcept {
  if (block_ == nullptr) return {};
  return {block_->strides(), block_->rank};
}

Device Value::device() const noexcept { return block_ != nullptr ? block_->device : Device(); }
std::int64_t Value::element_count() const noexcept { return block_ != nullptr ? block_->element_count : 0; }
std::size_t Value::byte_size() const noexcept { return block_ != nullptr ? block_->byte_size : 0; }

bool Value::is_contiguous() const noexcept {
  if (block_ == nullptr || block_->element_count == 0) return true;
  std::int64_t stride = 1;
  for (std::size_t i = block_->rank; i-- > 0;) {
    const std::int64_t extent = block_->shape()[i];
    if (extent != 1 && block_->strides()[i] != stride) return false;
    stride *= extent;
  }
  return true;
}

const void* Value::data() const noexcept { return block_ != nullptr ? block_->data : nullptr; }
void* Value::mutable_data() noexcept { return kind() == ValueKind::tensor ? block_->data : nullptr; }

std::string_view Value::text() const noexcept {
  const ValueKind present = kind();
  if (present != ValueKind::string && present != ValueKind::bytes) return {};
  return {static_cast<const char*>(block_->data), block_->byte_size};
}

bool Value::unique() const noexcept {
  return block_ != nullptr && block_->references.load(std::memory_order_acquire) == 1;
}

Value Value::clone() const {
  if (block_ == nullptr) return {};
  if (block_->kind == ValueKind::string) return string(text());
  if (block_->kind == ValueKind::bytes) return bytes({static_cast<const std::byte*>(block_->data), block_->byte_size});
  if (block_->device.type != Device().type) {
    throw StatusError(StatusCode::failed_precondition, "the tensor is not in the memory of the CPU");
  }
  if (is_contiguous()) return copy_of(block_->dtype, shape(), block_->data);
  Value copy = tensor(block_->dtype, shape());
  const auto item = static_cast<std::ptrdiff_t>(dtype_size(block_->dtype));
  auto* to = static_cast<std::byte*>(copy.block_->data);
  const auto* from = static_cast<const std::byte*>(block_->data);
  std::int64_t index[kMaxRank] = {};
  for (std::int64_t n = block_->element_count; n > 0; --n) {
    std::memcpy(to, from, static_cast<std::size_t>(item));
    to += item;
    for (std::size_t axis = block_->rank; axis-- > 0;) {  // as an odometer: the last axis turns fastest
      const std::ptrdiff_t stride = block_->strides()[axis] * item;
      from += stride;
      if (++index[axis] < block_->shape()[axis]) break;
      from -= stride * index[axis];
      index[axis] = 0;
    }
  }
  return copy;
}

std::uintptr_t Value::binding_handle() const noexcept {
  return block_ != nullptr ? block_->handle.load(std::memory_order_acquire) : 0;
}

void Value::set_binding_handle(std::uintptr_t handle, void (*release)(std::uintptr_t) noexcept) const noexcept {
  if (block_ == nullptr) return;
  block_->release.store(release, std::memory_order_relaxed);
  block_->handle.store(handle, std::memory_order_release);
}

}  // namespace runhook::inline v1
