// Objects behind handles: typed look-up, ownership, and handles lent for objects that somebody else owns.
#ifndef RUNHOOK_CAPI_HANDLE_BOX_HPP_
#define RUNHOOK_CAPI_HANDLE_BOX_HPP_

#include <cstdint>
#include <memory>
#include <utility>

#include "handle.hpp"
#include "runhook/error.hpp"

namespace runhook::capi {

// Base of every object that a handle stands for. Values are the exception: see value_handle.hpp.
struct Boxed {
  Boxed() noexcept = default;
  Boxed(const Boxed&) = delete;
  Boxed& operator=(const Boxed&) = delete;
  bool owned = false;  // whether the caller's destroy function ends it
};

// Says what is behind a handle type: `type` (derived from Boxed), `kind`, and `noun` for messages. Specialised, with
// RUNHOOK_CAPI_BOX, next to the definition of `type`.
template <class Handle>
struct BoxOf;

#define RUNHOOK_CAPI_BOX(handle, box, kind_name, noun_text)   \
  template <>                                                 \
  struct BoxOf<handle> {                                      \
    using type = box;                                         \
    static constexpr HandleKind kind = HandleKind::kind_name; \
    static constexpr const char* noun = noun_text;            \
  }

template <class Handle>
using BoxType = typename BoxOf<Handle>::type;

template <class Handle>
std::uintptr_t number_of(const Handle* handle) noexcept {
  return reinterpret_cast<std::uintptr_t>(handle);
}

template <class Handle>
Handle* handle_from(std::uintptr_t number) noexcept {
  return reinterpret_cast<Handle*>(number);  // NOLINT: handles are numbers in the shape of pointers
}

// Returns the object, or NULL if the handle is not valid.
template <class Handle>
BoxType<Handle>* find(const Handle* handle) noexcept {
  return static_cast<BoxType<Handle>*>(HandleTable::find(number_of(handle), BoxOf<Handle>::kind));
}

namespace detail {
[[noreturn]] void refuse_handle(const char* noun);
}

// Returns the object. Throws INVALID_ARGUMENT if the handle is not valid.
template <class Handle>
BoxType<Handle>& require(const Handle* handle) {
  if (auto* object = find(handle)) [[likely]]
    return *object;
  detail::refuse_handle(BoxOf<Handle>::noun);
}

// Hands an object out as an owned handle. Destroys it if there is no memory for the handle.
template <class Handle>
Handle* give(std::unique_ptr<BoxType<Handle>> object) {
  object->owned = true;
  auto* handle = handle_from<Handle>(HandleTable::create(BoxOf<Handle>::kind, object.get()));
  object.release();
  return handle;
}

template <class Handle, class... Args>
Handle* create(Args&&... args) {
  return give<Handle>(std::make_unique<BoxType<Handle>>(std::forward<Args>(args)...));
}

// Ends an owned object; leaves alone what is borrowed or not valid.
template <class Handle>
void destroy(Handle* handle) noexcept {
  auto* object = find(handle);
  if (object == nullptr || !object->owned) return;
  if (HandleTable::retire(number_of(handle), BoxOf<Handle>::kind) != nullptr) delete object;
}

// The handle of an object that somebody else owns. Declare it after that object, so that the handle goes first.
template <class Handle>
class Lent {
 public:
  Lent() noexcept = default;
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;
  ~Lent() { retire(); }
  // Makes the handle if there is none yet. Throws std::bad_alloc.
  Handle* publish(BoxType<Handle>& object) {
    if (number_ == 0) number_ = HandleTable::create(BoxOf<Handle>::kind, &object);
    return get();
  }
  Handle* get() const noexcept { return handle_from<Handle>(number_); }  // NULL before publish()
  void retire() noexcept {
    if (number_ != 0) HandleTable::retire(std::exchange(number_, 0), BoxOf<Handle>::kind);
  }

 private:
  std::uintptr_t number_ = 0;
};

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_HANDLE_BOX_HPP_
