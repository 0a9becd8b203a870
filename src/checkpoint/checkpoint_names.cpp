#include "checkpoint/checkpoint_names.hpp"

#include <unistd.h>

#include <charconv>
#include <random>

#include "base/format.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {
constexpr std::string_view kStep = "step-";
}

std::string step_name(std::int64_t step) { return fmt::format("{}{:010}", kStep, step); }

std::optional<std::int64_t> step_of(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return {};
  name.remove_prefix(prefix.size());
  if (!name.starts_with(kStep)) return {};
  std::int64_t step = -1;
  const std::string_view digits = name.substr(kStep.size());
  std::from_chars(digits.data(), digits.data() + digits.size(), step);
  if (step < 0 || step_name(step) != name) return {};
  return step;
}

std::string unique_name(std::string_view prefix, std::int64_t step) {
  std::random_device random;
  return fmt::format("{}{}.{}-{:08x}", prefix, step_name(step), getpid(), random());
}

std::optional<std::int64_t> step_of_unique(std::string_view name, std::string_view prefix) {
  return step_of(name.substr(0, name.rfind('.')), prefix);
}

}  // namespace detail
}  // namespace runhook::inline v1
