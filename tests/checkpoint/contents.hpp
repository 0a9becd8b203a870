// What the checkpoints of this tier hold: a function of the step, so that whoever reads one can tell what is right.
#ifndef RUNHOOK_TESTS_CHECKPOINT_CONTENTS_HPP_
#define RUNHOOK_TESTS_CHECKPOINT_CONTENTS_HPP_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "runhook/snapshot.hpp"
#include "runhook/value.hpp"

namespace runhook_test {

// The n-th number of a sequence in which neighbours have nothing in common (SplitMix64).
inline std::uint64_t mixed(std::uint64_t n) {
  n += 0x9e3779b97f4a7c15;
  n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9;
  n = (n ^ (n >> 27)) * 0x94d049bb133111eb;
  return n ^ (n >> 31);
}

inline std::string bytes_of_step(std::int64_t step, std::size_t size) {
  std::string bytes(size, '\0');
  std::uint64_t number = mixed(static_cast<std::uint64_t>(step));
  for (std::size_t at = 0; at < size; at += sizeof number) {
    std::memcpy(&bytes[at], &number, std::min(sizeof number, size - at));
    number = number * 6364136223846793005 + 1442695040888963407;
  }
  return bytes;
}

// Of up to some 64 KiB; every third without state.
inline runhook::Snapshot contents_of(std::int64_t step) {
  const std::uint64_t random = mixed(static_cast<std::uint64_t>(step));
  runhook::Snapshot snapshot;
  snapshot.global_step = step;
  const std::string weights = bytes_of_step(step, random % 65536);
  const std::int64_t shape[] = {static_cast<std::int64_t>(weights.size())};
  snapshot.set("weights", runhook::DType::uint8, shape, weights.data());
  snapshot.set("step", runhook::Value::scalar(step));
  snapshot.set("name", runhook::Value::string("step " + std::to_string(step)));
  if (step % 3 != 0) snapshot.set_state("hook", bytes_of_step(-step, random / 65536 % 3000));
  snapshot.set_metric("loss", 1.0 / static_cast<double>(step + 1));
  return snapshot;
}

// Why this is not what was saved at its step; empty if it is.
inline std::string difference(const runhook::Snapshot& got) {
  const runhook::Snapshot wanted = contents_of(got.global_step);
  const std::string of = " of step " + std::to_string(got.global_step);
  if (got.variables.size() != wanted.variables.size()) return "the number of the variables" + of;
  for (const auto& [name, value] : wanted.variables) {
    const runhook::Value* const found = got.find(name);
    if (found == nullptr || found->kind() != value.kind() || found->byte_size() != value.byte_size()) {
      return "variable " + name + of;
    }
    const bool is_tensor = value.kind() == runhook::ValueKind::tensor;
    const bool same =
        is_tensor ? std::memcmp(found->data(), value.data(), value.byte_size()) == 0 : found->text() == value.text();
    if (!same) return "the data of variable " + name + of;
  }
  if (got.state != wanted.state) return "the state" + of;
  if (got.metrics != wanted.metrics) return "the metrics" + of;
  return {};
}

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_CHECKPOINT_CONTENTS_HPP_
