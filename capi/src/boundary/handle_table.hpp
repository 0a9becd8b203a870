// handle_table.hpp: handles of the C ABI: numbers in the shape of pointers, checked on every use.
#ifndef RUNHOOK_CAPI_BOUNDARY_HANDLE_TABLE_HPP_
#define RUNHOOK_CAPI_BOUNDARY_HANDLE_TABLE_HPP_

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace runhook::capi {

enum class HandleKind : std::uint8_t {
  none = 0,
  context,
  error,
  value,
  run_options,
  run_args,
  results,
  metadata,
  stop_source,
  outcome,
  clock,
  coordinator,
  thread,
  snapshot,
  saver,
  checkpoint_store,
  checkpoint_watcher,
  metric_history,
  session,
  graph,
  scaffold,
  session_manager,
  session_creator,
  config,
  monitored_session,
  trigger,
  builtin_hook,
  signal_subscription,
  summary_writer,
  timings,
  stop_flag,
  stop_listener,
  logger,
};

// What an object of that kind is called in messages.
const char* noun_of(HandleKind kind) noexcept;

// What is known of a number that is given as a handle, without looking at any object.
struct HandleState {
  enum class Is : std::uint8_t {
    null,
    foreign,  // no handle of this library, as far as can be told
    gone,     // it was one once
    live,
  };
  Is is = Is::null;
  HandleKind kind = HandleKind::none;  // of a live one
};

// A process-wide table of slots. A handle names a slot and the slot's generation, and the slot holds the kind of
// object; so a handle that is NULL, of another kind, or freed is recognised without touching the object. Slots are
// reused, and never returned to the system. Creating and retiring are lock-free, except for the first use of a chunk of
// slots; finding is one load. Slot 0 is never used, so that handles with this slot are free for objects that need none.
class HandleTable {
 public:
  // Returns a handle for `object`. Throws std::bad_alloc when a new chunk of slots cannot be had.
  static std::uintptr_t create(HandleKind kind, void* object);
  // Makes a handle invalid; returns the object, or NULL if the handle was not valid (then nothing changes). Of several
  // threads that retire one handle exactly one gets the object.
  static void* retire(std::uintptr_t handle, HandleKind kind) noexcept;
  // The same for a handle that is going to be renewed: it becomes invalid, and another one for the same object takes its
  // place, which costs next to nothing. renew() is for the one thread that uses the handle, and throws as create().
  static std::uintptr_t create_renewable(HandleKind kind, void* object);
  static std::uintptr_t renew(std::uintptr_t handle, HandleKind kind);
  // Whether it is, or was once, a handle of that sort. Does not look at the object.
  static bool is_renewable(std::uintptr_t handle) noexcept;
  // Returns the object, or NULL. Safe in a signal handler.
  static void* find(std::uintptr_t handle, HandleKind kind) noexcept {
    const Slot* entry = find_slot(handle);
    if (entry == nullptr || entry->tag.load(std::memory_order_acquire) != tag_of(handle, kind)) return nullptr;
    return entry->object.load(std::memory_order_relaxed);
  }
  // For messages; may be out of date when it returns.
  static HandleState state_of(std::uintptr_t handle) noexcept;
  // While one lives, the object that it has found is not ended by destroying its handle on another thread: retiring
  // waits for it. For copying out what is asked for; nobody is called back meanwhile. Costs two counts, which is why
  // not every look-up is one.
  class Reading {
   public:
    Reading(std::uintptr_t handle, HandleKind kind) noexcept;
    ~Reading();
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    void* object() const noexcept { return object_; }  // NULL if the handle is not valid

   private:
    std::atomic<std::uint32_t>* readers_ = nullptr;
    void* object_ = nullptr;
  };
  static std::uint64_t live() noexcept;

  static constexpr unsigned kSlotBits = 24;  // 16 M handles at a time

 private:
  static constexpr unsigned kChunkBits = 10;
  static constexpr std::uintptr_t kSlotMask = (std::uintptr_t{1} << kSlotBits) - 1;
  static constexpr std::uintptr_t kChunkMask = (std::uintptr_t{1} << kChunkBits) - 1;

  struct Slot {
    std::atomic<std::uint64_t> tag{0};  // generation above, kind in the low byte; kind none: free
    std::atomic<void*> object{nullptr};
    std::atomic<std::uint32_t> next_free{0};
    std::atomic<std::uint32_t> readers{0};
  };
  struct Chunk {
    Slot slots[std::size_t{1} << kChunkBits];
  };
  // A handle is generation << kSlotBits | slot; generations start at 1, so that no handle is 0.
  static std::uint64_t tag_of(std::uintptr_t handle, HandleKind kind) noexcept {
    return (static_cast<std::uint64_t>(handle) >> kSlotBits) << 8 | static_cast<std::uint64_t>(kind);
  }

  static constexpr std::uint64_t kRenewable = std::uint64_t{1} << 39;  // a bit of the generation
  static std::uintptr_t occupy(HandleKind kind, void* object, std::uint64_t sort);
  // Of a handle whose slot exists; else NULL.
  static Slot* find_slot(std::uintptr_t handle) noexcept {
    const std::uintptr_t slot = handle & kSlotMask;
    Chunk* chunk = chunks_[slot >> kChunkBits].load(std::memory_order_acquire);
    return chunk != nullptr ? &chunk->slots[slot & kChunkMask] : nullptr;
  }
  static Slot& slot_at(std::uintptr_t slot) noexcept {
    return chunks_[slot >> kChunkBits].load(std::memory_order_acquire)->slots[slot & kChunkMask];
  }
  static void watch_forks();                   // throws std::bad_alloc
  static void forget_readers() noexcept;       // in a child made by fork(), which has none of the threads that read
  static std::uintptr_t take_free() noexcept;  // 0: there is none
  static std::uintptr_t take_fresh();
  static void put_free(std::uintptr_t slot) noexcept;

  static std::atomic<Chunk*> chunks_[std::size_t{1} << (kSlotBits - kChunkBits)];
  // The slot at the head of the free list in the low bits; above it a count of changes, so that a compare-exchange
  // fails if the head was taken and put back meanwhile.
  static std::atomic<std::uint64_t> free_head_;
  static std::atomic<std::uintptr_t> next_fresh_;
  static std::atomic<std::uint64_t> live_;
};

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_BOUNDARY_HANDLE_TABLE_HPP_
