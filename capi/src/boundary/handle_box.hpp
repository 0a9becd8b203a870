// Objects behind handles: typed look-up, ownership, and handles lent for objects that somebody else owns.
#ifndef RUNHOOK_CAPI_BOUNDARY_HANDLE_BOX_HPP_
#define RUNHOOK_CAPI_BOUNDARY_HANDLE_BOX_HPP_

#include <cstdint>
#include <memory>
#include <utility>

#include "boundary/handle_table.hpp"
#include "runhook/error.hpp"

namespace runhook::capi {

// Base of every object that a handle stands for. Values are the exception: see value_handle.hpp.
struct Boxed {
  Boxed() noexcept = default;
  Boxed(const Boxed&) = delete;
  Boxed& operator=(const Boxed&) = delete;
  bool owned = false;      // whether the caller's destroy function ends it
  bool destroyed = false;  // that function was called while the object was pinned
  std::uint32_t pins = 0;
};

// Says what is behind a handle type: `type` (derived from Boxed) and `kind`. Specialised, with RUNHOOK_CAPI_BOX, next to
// the definition of `type`.
template <class Handle>
struct BoxOf;

#define RUNHOOK_CAPI_BOX(handle, box, kind_name)              \
  template <>                                                 \
  struct BoxOf<handle> {                                      \
    using type = box;                                         \
    static constexpr HandleKind kind = HandleKind::kind_name; \
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
// Throws INVALID_ARGUMENT, saying what the handle is instead of one of that kind.
[[noreturn]] void refuse_handle(std::uintptr_t handle, HandleKind wanted);
[[noreturn]] void refuse_change(HandleKind kind);
}  // namespace detail

// Returns the object. Throws INVALID_ARGUMENT if the handle is not valid.
template <class Handle>
BoxType<Handle>& require(const Handle* handle) {
  if (auto* object = find(handle)) [[likely]]
    return *object;
  detail::refuse_handle(number_of(handle), BoxOf<Handle>::kind);
}

// Returns an owned handle of the object. Destroys the object if there is no memory for the handle.
template <class Handle>
Handle* give(std::unique_ptr<BoxType<Handle>> object) {
  object->owned = true;
  auto* handle = handle_from<Handle>(HandleTable::create(BoxOf<Handle>::kind, object.get()));
  (void)object.release();
  return handle;
}

template <class Handle, class... Args>
Handle* create(Args&&... args) {
  return give<Handle>(std::make_unique<BoxType<Handle>>(std::forward<Args>(args)...));
}

// Destroys an owned object, or has its last pin destroy it. Does nothing for a handle that is borrowed or not valid.
template <class Handle>
void destroy(Handle* handle) noexcept {
  auto* object = find(handle);
  if (object == nullptr || !object->owned) return;
  if (HandleTable::retire(number_of(handle), BoxOf<Handle>::kind) == nullptr) return;
  if (object->pins == 0) [[likely]] {
    delete object;
  } else {
    object->destroyed = true;
  }
}

// Keeps an object alive while a function uses it that calls callbacks: if a callback destroys the handle, the handle is
// invalid at once, but the object is destroyed with its last pin. Pins are counted without synchronisation, which is
// enough for objects that one thread uses at a time. An object that any thread may use holds a shared pointer (to a
// clock, a coordinator, ...): copy that instead. For owned objects only: one that is part of another is destroyed with it,
// pinned or not.
template <class Handle>
class Pinned {
 public:
  using Box = BoxType<Handle>;
  explicit Pinned(Box* box) noexcept : box_(box) {  // NULL pins nothing
    if (box_ != nullptr) ++box_->pins;
  }
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;
  ~Pinned() {
    if (box_ != nullptr && --box_->pins == 0 && box_->destroyed) [[unlikely]]
      delete box_;
  }
  Box* get() const noexcept { return box_; }
  Box& operator*() const noexcept { return *box_; }
  Box* operator->() const noexcept { return box_; }

 private:
  Box* const box_;
};

// Returns the object, pinned. Throws INVALID_ARGUMENT if the handle is not valid.
template <class Handle>
Pinned<Handle> require_pinned(const Handle* handle) {
  return Pinned<Handle>(&require(handle));
}

// Returns the object for a change. Throws INVALID_ARGUMENT, and BUSY if it is pinned, since it would change while it is
// used.
template <class Handle>
BoxType<Handle>& require_unpinned(const Handle* handle) {
  auto& object = require(handle);
  if (object.pins != 0) [[unlikely]]
    detail::refuse_change(BoxOf<Handle>::kind);
  return object;
}

// The handle of an object that somebody else owns. Declare it after that object, so that it is destroyed first.
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
  // Makes another handle, and the one there was invalid. Not together with publish(). Throws std::bad_alloc.
  Handle* renew(BoxType<Handle>& object) {
    constexpr HandleKind kKind = BoxOf<Handle>::kind;
    number_ = number_ == 0 ? HandleTable::create_renewable(kKind, &object) : HandleTable::renew(number_, kKind);
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

#endif  // RUNHOOK_CAPI_BOUNDARY_HANDLE_BOX_HPP_
