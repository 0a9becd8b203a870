// runhook/snapshot.hpp: saved variables in memory, and the Saver that keeps them.
#ifndef RUNHOOK_SNAPSHOT_HPP_
#define RUNHOOK_SNAPSHOT_HPP_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runhook/value.hpp"

namespace runhook::inline v1 {

class Session;

// Named values and the global step they belong to. Since 1.0.
struct Snapshot {
  std::int64_t global_step = 0;
  std::vector<std::pair<std::string, Value>> variables;
  const Value* find(std::string_view name) const noexcept;
};

// Saves and restores a session's state. Called on the thread that runs the loop. Since 1.0.
class Saver {
 public:
  virtual ~Saver() = default;
  virtual void save(Session& session, std::int64_t global_step) = 0;
  // Restores the newest saved state and returns its global step; nullopt if nothing has been saved.
  virtual std::optional<std::int64_t> restore(Session& session) = 0;
};

// Keeps the newest state in memory; a recovery goes on from there. Thread-safe. Since 1.0.
class MemorySaver final : public Saver {
 public:
  MemorySaver();
  ~MemorySaver() override;
  void save(Session& session, std::int64_t global_step) override;
  std::optional<std::int64_t> restore(Session& session) override;
  std::optional<Snapshot> latest() const;  // its values are shared, not copied: they must not be changed
  std::int64_t save_count() const;

 private:
  struct Kept;
  std::unique_ptr<Kept> kept_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_SNAPSHOT_HPP_
