#include "handle/value_handle.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>

#include "boundary/handle_box.hpp"

namespace runhook::capi {

namespace {

// A Value whose destructor never runs, so that its reference can be made, kept and dropped by hand.
class RawValue {
 public:
  explicit RawValue(const Value& value) noexcept { new (bytes_) Value(value); }
  explicit RawValue(Value&& value) noexcept { new (bytes_) Value(std::move(value)); }
  RawValue(const RawValue&) = delete;
  RawValue& operator=(const RawValue&) = delete;
  const Value& get() const noexcept { return *std::launder(reinterpret_cast<const Value*>(bytes_)); }
  // Drops the reference but goes on pointing at the value, for as long as others keep it.
  void forget_reference() noexcept {
    alignas(Value) std::byte same[sizeof(Value)];
    std::memcpy(same, bytes_, sizeof same);
    std::launder(reinterpret_cast<Value*>(same))->~Value();
  }

 private:
  static_assert(sizeof(Value) == sizeof(void*), "a Value is one pointer to its shared block");
  alignas(Value) std::byte bytes_[sizeof(Value)];
};

// What is behind a handle. It is destroyed with the value, and so must not keep the value alive itself.
struct ValueBox {
  explicit ValueBox(const Value& its_value) noexcept : value(its_value) { value.forget_reference(); }
  RawValue value;
  std::atomic<std::int64_t> owned{0};  // references that C owns
};

ValueBox* find_box(const runhook_value* handle) noexcept {
  return static_cast<ValueBox*>(HandleTable::find(number_of(handle), HandleKind::value));
}

void release(std::uintptr_t handle) noexcept {
  delete static_cast<ValueBox*>(HandleTable::retire(handle, HandleKind::value));
}

// Keeps two threads from both making the first handle of one value.
std::mutex& first_handle_mutex(const Value& value) noexcept {
  static std::array<std::mutex, 64> mutexes;
  return mutexes[(reinterpret_cast<std::uintptr_t>(value.data()) >> 6) % mutexes.size()];
}

std::uintptr_t make_handle(const Value& value) {
  const std::lock_guard lock(first_handle_mutex(value));
  if (const std::uintptr_t made = value.binding_handle()) return made;
  auto box = std::make_unique<ValueBox>(value);
  const std::uintptr_t handle = HandleTable::create(HandleKind::value, box.get());
  (void)box.release();
  value.set_binding_handle(handle, &release);
  return handle;
}

}  // namespace

runhook_value* to_handle(const Value& value) {
  if (!value) return nullptr;
  std::uintptr_t handle = value.binding_handle();
  if (handle == 0) handle = make_handle(value);
  return handle_from<runhook_value>(handle);
}

runhook_value* give_value(Value value) {
  runhook_value* handle = to_handle(value);
  if (handle == nullptr) return nullptr;
  find_box(handle)->owned.fetch_add(1, std::memory_order_relaxed);
  const RawValue kept(std::move(value));  // the reference is C's now
  return handle;
}

const Value* find_value(const runhook_value* handle) noexcept {
  const auto* box = find_box(handle);
  return box != nullptr ? &box->value.get() : nullptr;
}

Value from_handle(const runhook_value* handle) {
  if (const Value* value = find_value(handle)) return *value;
  detail::refuse_handle(number_of(handle), HandleKind::value);
}

bool retain_value(const runhook_value* handle) noexcept {
  auto* box = find_box(handle);
  if (box == nullptr) return false;
  const RawValue kept(box->value.get());
  box->owned.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void drop_value(const runhook_value* handle) noexcept {
  auto* box = find_box(handle);
  if (box == nullptr) return;
  std::int64_t owned = box->owned.load(std::memory_order_relaxed);
  do {
    if (owned == 0) return;  // borrowed: the references belong to others
  } while (!box->owned.compare_exchange_weak(owned, owned - 1, std::memory_order_acq_rel, std::memory_order_relaxed));
  // One reference is this copy's, one is C's. The box may be destroyed with the latter, so it is not dropped by a
  // member of the box.
  RawValue last(box->value.get());
  last.forget_reference();
  last.forget_reference();
}

}  // namespace runhook::capi
