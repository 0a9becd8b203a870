// runhook/snapshot.hpp: saved variables in memory, and the Saver that keeps them.
#ifndef RUNHOOK_SNAPSHOT_HPP_
#define RUNHOOK_SNAPSHOT_HPP_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runhook/value.hpp"

namespace runhook::inline v1 {

class Session;

using NamedValues = std::vector<std::pair<std::string, Value>>;  // each name at most once
using NamedBytes = std::vector<std::pair<std::string, std::string>>;
using NamedNumbers = std::vector<std::pair<std::string, double>>;

// What is saved at a step: variables, and what belongs to them. Since 1.0.
struct Snapshot {
  std::int64_t global_step = 0;
  NamedValues variables = {};
  // What is no tensor, by name, in bytes that only their owner understands. Names that begin with "runhook/" are of the
  // library: the states of hooks and triggers.
  NamedBytes state = {};
  NamedNumbers metrics = {};  // e.g. by which the best checkpoints are kept

  const Value* find(std::string_view name) const noexcept;              // a variable; NULL if there is none
  const std::string* find_state(std::string_view name) const noexcept;  // NULL if there is none
  void set_state(std::string_view name, std::string bytes);             // adds or replaces it
  void set_metric(std::string_view name, double number);                // likewise

  // Adds a variable, or replaces the one of this name, with a copy of memory that is the caller's. Throws
  // INVALID_ARGUMENT as Value::copy_of() does, and for an empty name.
  void set(std::string_view name, Value value);
  void set(std::string_view name, DType dtype, std::span<const std::int64_t> shape, const void* data);
  // Copies a variable to memory that is the caller's, of exactly this dtype and this many elements. Throws NOT_FOUND,
  // and INVALID_ARGUMENT if the variable is of another dtype or size.
  void copy_to(std::string_view name, DType dtype, std::size_t element_count, void* data) const;
};

// Saves and restores a session's state. Called on the thread that runs the loop. Since 1.0.
class Saver {
 public:
  virtual ~Saver() = default;
  // Saves the variables of the session with the step, the state and the metrics of `run`, whose own variables are left
  // out of account.
  virtual void save(Session& session, const Snapshot& run) = 0;
  // Restores the newest saved state into the session, and returns what was saved with it, the variables left out;
  // nullopt if nothing has been saved.
  virtual std::optional<Snapshot> restore(Session& session) = 0;
};

// Keeps the newest state in memory; a recovery goes on from there. Thread-safe. Since 1.0.
class MemorySaver final : public Saver {
 public:
  MemorySaver();
  ~MemorySaver() override;
  void save(Session& session, const Snapshot& run) override;
  std::optional<Snapshot> restore(Session& session) override;
  std::optional<Snapshot> latest() const;  // its values are shared, not copied: they must not be changed
  std::int64_t save_count() const;

 private:
  struct Kept;
  std::unique_ptr<Kept> kept_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_SNAPSHOT_HPP_
