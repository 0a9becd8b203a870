#include "runhook/snapshot.hpp"

#include "runhook/session.hpp"
#include "session/session_variables.hpp"

namespace runhook::inline v1 {

const Value* Snapshot::find(std::string_view name) const noexcept {
  for (const auto& [key, value] : variables) {
    if (key == name) return &value;
  }
  return nullptr;
}

void MemorySaver::save(Session& session, std::int64_t global_step) {
  // Made outside of the lock, so that readers wait for a swap only.
  std::optional<Snapshot> state(Snapshot{global_step, detail::copy_variables(session)});
  const std::lock_guard lock(mutex_);
  latest_.swap(state);
  ++saves_;
}

std::optional<std::int64_t> MemorySaver::restore(Session& session) {
  const std::optional<Snapshot> state = latest();
  if (!state) return std::nullopt;
  restore_variables(session, *state);
  return state->global_step;
}

std::optional<Snapshot> MemorySaver::latest() const {
  const std::lock_guard lock(mutex_);
  return latest_;
}

std::int64_t MemorySaver::save_count() const {
  const std::lock_guard lock(mutex_);
  return saves_;
}

}  // namespace runhook::inline v1
