#include "boundary/handle_table.hpp"

#include <pthread.h>
#include <sched.h>

#include <ctime>
#include <memory>
#include <new>

namespace runhook::capi {

static_assert(sizeof(std::uintptr_t) == 8, "a handle holds 24 bits of slot, 39 of generation and one for its sort");

namespace {
constexpr std::uint64_t kLastGeneration = (std::uint64_t{1} << 39) - 1;

// Readers are about to be through, unless they are not let run: after some tries they are given more time than a yield.
void wait_for(const std::atomic<std::uint32_t>& readers) noexcept {
  constexpr int kYields = 100;
  constexpr timespec kPause{0, 50'000};
  for (int tries = 0; readers.load() != 0; ++tries) {
    tries < kYields ? static_cast<void>(sched_yield()) : static_cast<void>(nanosleep(&kPause, nullptr));
  }
}

}  // namespace

const char* noun_of(HandleKind kind) noexcept {
  switch (kind) {
    case HandleKind::none:
      break;
    case HandleKind::context:
      return "context";
    case HandleKind::error:
      return "error";
    case HandleKind::value:
      return "value";
    case HandleKind::run_options:
      return "run options";
    case HandleKind::run_args:
      return "run args";
    case HandleKind::results:
      return "results";
    case HandleKind::metadata:
      return "metadata";
    case HandleKind::stop_source:
      return "stop source";
    case HandleKind::outcome:
      return "outcome";
    case HandleKind::clock:
      return "clock";
    case HandleKind::coordinator:
      return "coordinator";
    case HandleKind::thread:
      return "thread";
    case HandleKind::snapshot:
      return "snapshot";
    case HandleKind::saver:
      return "saver";
    case HandleKind::checkpoint_store:
      return "checkpoint store";
    case HandleKind::checkpoint_watcher:
      return "checkpoint watcher";
    case HandleKind::metric_history:
      return "metric history";
    case HandleKind::session:
      return "session";
    case HandleKind::graph:
      return "graph";
    case HandleKind::scaffold:
      return "scaffold";
    case HandleKind::session_manager:
      return "session manager";
    case HandleKind::session_creator:
      return "session creator";
    case HandleKind::config:
      return "config";
    case HandleKind::monitored_session:
      return "monitored session";
    case HandleKind::trigger:
      return "trigger";
    case HandleKind::builtin_hook:
      return "built-in hook";
    case HandleKind::signal_subscription:
      return "signal subscription";
    case HandleKind::summary_writer:
      return "summary writer";
    case HandleKind::timings:
      return "timings";
    case HandleKind::stop_flag:
      return "stop flag";
    case HandleKind::stop_listener:
      return "stop listener";
    case HandleKind::logger:
      return "logger";
  }
  return "handle";
}

constinit std::atomic<HandleTable::Chunk*> HandleTable::chunks_[std::size_t{1} << (kSlotBits - kChunkBits)] = {};
constinit std::atomic<std::uint64_t> HandleTable::free_head_{0};
constinit std::atomic<std::uintptr_t> HandleTable::next_fresh_{1};
constinit std::atomic<std::uint64_t> HandleTable::live_{0};

void HandleTable::watch_forks() {
  static const int failure = pthread_atfork(nullptr, nullptr, forget_readers);
  if (failure != 0) throw std::bad_alloc();
}

void HandleTable::forget_readers() noexcept {
  const std::uintptr_t end = next_fresh_.load(std::memory_order_relaxed);
  for (std::uintptr_t slot = 1; slot < end; ++slot) {
    auto& readers = slot_at(slot).readers;
    if (readers.load(std::memory_order_relaxed) != 0) readers.store(0, std::memory_order_relaxed);
  }
}

std::uintptr_t HandleTable::take_free() noexcept {
  std::uint64_t head = free_head_.load(std::memory_order_acquire);
  for (;;) {
    const std::uintptr_t slot = head & kSlotMask;
    if (slot == 0) return 0;
    // Another thread may take this slot meanwhile; `next` is then wrong, but so is `head`.
    const std::uint64_t next = slot_at(slot).next_free.load(std::memory_order_relaxed);
    const std::uint64_t changed = ((head >> kSlotBits) + 1) << kSlotBits | next;
    if (free_head_.compare_exchange_weak(head, changed, std::memory_order_acq_rel, std::memory_order_acquire)) {
      return slot;
    }
  }
}

std::uintptr_t HandleTable::take_fresh() {
  std::uintptr_t slot = next_fresh_.load(std::memory_order_relaxed);
  for (;;) {
    if (slot > kSlotMask) throw std::bad_alloc();
    auto& chunk = chunks_[slot >> kChunkBits];
    if (chunk.load(std::memory_order_acquire) == nullptr) {
      watch_forks();
      auto made = std::make_unique<Chunk>();
      Chunk* expected = nullptr;
      if (chunk.compare_exchange_strong(expected, made.get(), std::memory_order_acq_rel)) (void)made.release();
    }
    if (next_fresh_.compare_exchange_weak(slot, slot + 1, std::memory_order_relaxed)) return slot;
  }
}

void HandleTable::put_free(std::uintptr_t slot) noexcept {
  Slot& entry = slot_at(slot);
  std::uint64_t head = free_head_.load(std::memory_order_relaxed);
  std::uint64_t changed = 0;
  do {
    entry.next_free.store(static_cast<std::uint32_t>(head & kSlotMask), std::memory_order_relaxed);
    changed = ((head >> kSlotBits) + 1) << kSlotBits | slot;
  } while (!free_head_.compare_exchange_weak(head, changed, std::memory_order_release, std::memory_order_relaxed));
}

std::uintptr_t HandleTable::create(HandleKind kind, void* object) { return occupy(kind, object, 0); }
std::uintptr_t HandleTable::create_renewable(HandleKind kind, void* object) { return occupy(kind, object, kRenewable); }

std::uintptr_t HandleTable::occupy(HandleKind kind, void* object, std::uint64_t sort) {
  std::uintptr_t slot = take_free();
  if (slot == 0) slot = take_fresh();
  Slot& entry = slot_at(slot);
  std::uint64_t generation = entry.tag.load(std::memory_order_relaxed) >> 8;
  if (generation == 0) generation = 1;
  generation |= sort;
  entry.object.store(object, std::memory_order_relaxed);
  entry.tag.store(generation << 8 | static_cast<std::uint64_t>(kind), std::memory_order_release);
  live_.fetch_add(1, std::memory_order_relaxed);
  return static_cast<std::uintptr_t>(generation) << kSlotBits | slot;
}

void* HandleTable::retire(std::uintptr_t handle, HandleKind kind) noexcept {
  const std::uintptr_t slot = handle & kSlotMask;
  if (slot == 0 || find_slot(handle) == nullptr) return nullptr;
  Slot& entry = slot_at(slot);
  std::uint64_t tag = tag_of(handle, kind);
  const std::uint64_t generation = tag >> 8 & ~kRenewable;
  const std::uint64_t retired = (generation + 1) << 8 | static_cast<std::uint64_t>(HandleKind::none);
  // A reader counts itself and then looks at the tag; here it is the other way round. Sequential consistency makes one
  // of the two see the other.
  if (!entry.tag.compare_exchange_strong(tag, retired, std::memory_order_seq_cst, std::memory_order_relaxed)) {
    return nullptr;
  }
  wait_for(entry.readers);
  void* object = entry.object.exchange(nullptr, std::memory_order_relaxed);
  live_.fetch_sub(1, std::memory_order_relaxed);
  // A slot that has used up its generations is never used again: an old handle must not become valid again.
  if (generation < kLastGeneration) put_free(slot);
  return object;
}

std::uintptr_t HandleTable::renew(std::uintptr_t handle, HandleKind kind) {
  Slot& entry = *find_slot(handle);
  const std::uint64_t generation = tag_of(handle, kind) >> 8;
  if ((generation & ~kRenewable) == kLastGeneration) {  // the slot has no further one
    const std::uintptr_t other = create_renewable(kind, entry.object.load(std::memory_order_relaxed));
    retire(handle, kind);
    return other;
  }
  entry.tag.store((generation + 1) << 8 | static_cast<std::uint64_t>(kind), std::memory_order_release);
  return static_cast<std::uintptr_t>(generation + 1) << kSlotBits | (handle & kSlotMask);
}

bool HandleTable::is_renewable(std::uintptr_t handle) noexcept {
  const std::uint64_t generation = static_cast<std::uint64_t>(handle) >> kSlotBits;
  const Slot* entry = find_slot(handle);
  if ((generation & kRenewable) == 0 || entry == nullptr) return false;
  const std::uint64_t known = entry->tag.load(std::memory_order_acquire) >> 8;
  return (generation & ~kRenewable) != 0 && (generation & ~kRenewable) <= (known & ~kRenewable);
}

HandleState HandleTable::state_of(std::uintptr_t handle) noexcept {
  using Is = HandleState::Is;
  if (handle == 0) return {Is::null};
  const Slot* entry = find_slot(handle);
  if ((handle & kSlotMask) == 0 || entry == nullptr) return {Is::foreign};
  const std::uint64_t tag = entry->tag.load(std::memory_order_acquire);
  const auto kind = static_cast<HandleKind>(tag & 0xFF);
  if (kind != HandleKind::none && tag == tag_of(handle, kind)) return {Is::live, kind};
  // Generations are counted up, so that one which is below the slot's has been there.
  const std::uint64_t generation = (handle >> kSlotBits) & ~kRenewable;
  const bool used = generation != 0 && generation < (tag >> 8 & ~kRenewable);
  return {used ? Is::gone : Is::foreign};
}

HandleTable::Reading::Reading(std::uintptr_t handle, HandleKind kind) noexcept {
  Slot* const entry = find_slot(handle);
  // Whoever comes when the handle is retired already is not waited for, however often he comes.
  if (entry == nullptr || entry->tag.load(std::memory_order_relaxed) != tag_of(handle, kind)) return;
  readers_ = &entry->readers;
  readers_->fetch_add(1);
  if (entry->tag.load() == tag_of(handle, kind)) object_ = entry->object.load(std::memory_order_relaxed);
}

HandleTable::Reading::~Reading() {
  if (readers_ != nullptr) readers_->fetch_sub(1, std::memory_order_release);
}

std::uint64_t HandleTable::live() noexcept { return live_.load(std::memory_order_relaxed); }

}  // namespace runhook::capi
