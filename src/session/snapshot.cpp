#include "runhook/snapshot.hpp"

#include <mutex>

#include "runhook/session.hpp"
#include "session/session_variables.hpp"

namespace runhook::inline v1 {

const Value* Snapshot::find(std::string_view name) const noexcept {
  for (const auto& [key, value] : variables) {
    if (key == name) return &value;
  }
  return nullptr;
}

struct MemorySaver::Kept {
  std::mutex mutex;
  std::optional<Snapshot> latest;
  std::int64_t saves = 0;
};

MemorySaver::MemorySaver() : kept_(std::make_unique<Kept>()) {}

MemorySaver::~MemorySaver() = default;

void MemorySaver::save(Session& session, std::int64_t global_step) {
  // Made outside of the lock, so that readers wait for a swap only.
  std::optional<Snapshot> state(Snapshot{global_step, detail::copy_variables(session)});
  const std::lock_guard lock(kept_->mutex);
  kept_->latest.swap(state);
  ++kept_->saves;
}

std::optional<std::int64_t> MemorySaver::restore(Session& session) {
  const std::optional<Snapshot> state = latest();
  if (!state) return std::nullopt;
  restore_variables(session, *state);
  return state->global_step;
}

std::optional<Snapshot> MemorySaver::latest() const {
  const std::lock_guard lock(kept_->mutex);
  return kept_->latest;
}

std::int64_t MemorySaver::save_count() const {
  const std::lock_guard lock(kept_->mutex);
  return kept_->saves;
}

}  // namespace runhook::inline v1
