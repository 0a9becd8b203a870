// Small snapshots that tell by their content of which step they are.
#ifndef RUNHOOK_TESTS_CORE_CHECKPOINT_SMALL_SNAPSHOTS_HPP_
#define RUNHOOK_TESTS_CORE_CHECKPOINT_SMALL_SNAPSHOTS_HPP_

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "runhook/checkpoint.hpp"

namespace runhook_test {

// Every byte of the data depends on the step, so that what is put together from two of them equals none.
inline runhook::Snapshot small_snapshot(std::int64_t step) {
  runhook::Snapshot snapshot;
  snapshot.global_step = step;
  std::array<float, 24> weights{};
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(step * 1000 + std::int64_t(i));
  snapshot.set("weights", runhook::DType::float32, std::array<std::int64_t, 2>{4, 6}, weights.data());
  snapshot.set("counter", runhook::Value::scalar(step * 7));
  snapshot.set("name", runhook::Value::string("step " + std::to_string(step)));
  snapshot.set_state("hook", std::string(64, static_cast<char>('a' + step % 26)) + std::to_string(step));
  snapshot.set_metric("loss", 1.0 / static_cast<double>(step + 1));
  return snapshot;
}

inline bool is_same(const runhook::Value& a, const runhook::Value& b) {
  if (a.kind() != b.kind()) return false;
  if (a.kind() != runhook::ValueKind::tensor) return a.text() == b.text();
  return a.dtype() == b.dtype() && std::ranges::equal(a.shape(), b.shape()) && a.byte_size() == b.byte_size() &&
         (a.byte_size() == 0 || std::memcmp(a.data(), b.data(), a.byte_size()) == 0);
}

// Whether all that was saved has come back; the order does not matter.
inline bool is_same(const runhook::Snapshot& restored, const runhook::Snapshot& saved) {
  if (restored.global_step != saved.global_step || restored.metrics != saved.metrics) return false;
  if (restored.variables.size() != saved.variables.size() || restored.state.size() != saved.state.size()) return false;
  for (const auto& [name, value] : saved.variables) {
    const runhook::Value* const other = restored.find(name);
    if (other == nullptr || !is_same(*other, value)) return false;
  }
  for (const auto& [name, bytes] : saved.state) {
    const std::string* const other = restored.find_state(name);
    if (other == nullptr || *other != bytes) return false;
  }
  return true;
}

// Options of a store that keeps the newest two, and puts what it has to say into `log`.
inline runhook::CheckpointStoreOptions small_options(std::vector<std::string>& log,
                                                     std::shared_ptr<runhook::detail::FileSystem> files,
                                                     runhook::Durability durability) {
  runhook::CheckpointStoreOptions options;
  options.keep.last = 2;
  options.durability = durability;
  options.file_system = std::move(files);
  options.log = [&log](runhook::LogLevel, std::string_view text) { log.emplace_back(text); };
  return options;
}

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_CORE_CHECKPOINT_SMALL_SNAPSHOTS_HPP_
