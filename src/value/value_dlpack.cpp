// Values from and to DLPack.
#include <dlpack/dlpack.h>

#include <memory>

#include "base/format.hpp"
#include "runhook/error.hpp"
#include "value/value_block.hpp"

namespace runhook::inline v1 {

namespace {

// What to_dlpack() returns: the tensor with a reference that keeps its memory alive.
struct Lent {
  Value value;
  DLManagedTensor managed{};
};

void delete_lent(DLManagedTensor* managed) { delete static_cast<Lent*>(managed->manager_ctx); }

struct DlpackDeleter {
  void operator()(DLManagedTensor* managed) const noexcept { detail::delete_dlpack(managed); }
};

DType dtype_of(DLDataType type) {
  const auto dtype = static_cast<DType>((std::int32_t{type.code} << 8) | std::int32_t{type.bits});
  if (type.lanes != 1 || dtype_size(dtype) == 0) {
    throw StatusError(StatusCode::invalid_argument,
                      fmt::format("DLPack type with code {}, {} bits and {} lanes", type.code, type.bits, type.lanes));
  }
  return dtype;
}

}  // namespace

namespace detail {

void delete_dlpack(DLManagedTensor* managed) noexcept {
  if (managed->deleter != nullptr) managed->deleter(managed);
}

}  // namespace detail

Value Value::from_dlpack(DLManagedTensor* managed) {
  if (managed == nullptr) throw StatusError(StatusCode::invalid_argument, "DLPack tensor is NULL");
  std::unique_ptr<DLManagedTensor, DlpackDeleter> guard(managed);
  const DLTensor& from = managed->dl_tensor;
  if (from.ndim < 0) throw StatusError(StatusCode::invalid_argument, fmt::format("rank {} is negative", from.ndim));
  const auto rank = static_cast<std::size_t>(from.ndim);
  if (rank > 0 && from.shape == nullptr) throw StatusError(StatusCode::invalid_argument, "DLPack shape is NULL");
  const std::span<const std::int64_t> shape(from.shape, rank);
  const DType dtype = dtype_of(from.dtype);
  const std::int64_t count = detail::checked_element_count(dtype, shape);
  if (from.data == nullptr && count > 0) throw StatusError(StatusCode::invalid_argument, "DLPack data is NULL");

  Block* block = new_block(ValueKind::tensor, rank, sizeof(DLManagedTensor*));
  const std::span<const std::int64_t> strides(from.strides, from.strides == nullptr ? 0 : rank);
  block->describe(dtype, shape, strides, count);
  block->device = {static_cast<std::int32_t>(from.device.device_type), from.device.device_id};
  block->data = from.data == nullptr ? nullptr : static_cast<std::byte*>(from.data) + from.byte_offset;
  block->owner = Block::Owner::dlpack;
  // NOLINTNEXTLINE(clang-analyzer-cplusplus.PlacementNew): new_block() has made room for it behind extents and strides
  new (block->payload()) DLManagedTensor*(guard.release());
  return Value(block);
}

DLManagedTensor* Value::to_dlpack() const {
  if (kind() != ValueKind::tensor) throw StatusError(StatusCode::failed_precondition, "the value is not a tensor");
  auto lent = std::make_unique<Lent>();
  lent->value = *this;
  DLTensor& to = lent->managed.dl_tensor;
  to.data = block_->data;
  to.device = {static_cast<DLDeviceType>(block_->device.type), block_->device.id};
  to.ndim = block_->rank;
  to.dtype.code = static_cast<std::uint8_t>(static_cast<std::int32_t>(block_->dtype) >> 8);
  to.dtype.bits = static_cast<std::uint8_t>(static_cast<std::int32_t>(block_->dtype) & 0xFF);
  to.dtype.lanes = 1;
  to.shape = block_->shape();
  to.strides = block_->strides();
  to.byte_offset = 0;
  lent->managed.manager_ctx = lent.get();
  lent->managed.deleter = &delete_lent;
  return &lent.release()->managed;
}

}  // namespace runhook::inline v1
