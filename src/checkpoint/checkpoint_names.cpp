#include "checkpoint/checkpoint_names.hpp"

#include <unistd.h>

#include <charconv>
#include <random>

#include "base/format.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {
constexpr std::string_view kStep = "step-";
constexpr std::size_t kDigits = 10;  // at least
}  // namespace

std::string step_name(std::int64_t step) { return fmt::format("{}{:0{}}", kStep, step, kDigits); }

std::string checkpoint_path(std::string_view directory, std::int64_t step) {
  return fmt::format("{}/{}", directory, step_name(step));
}

std::optional<std::int64_t> step_of(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return {};
  name.remove_prefix(prefix.size());
  if (!name.starts_with(kStep)) return {};
  const std::string_view digits = name.substr(kStep.size());
  // No other name of the same step, which step_name() would not give.
  if (digits.size() < kDigits || (digits.size() > kDigits && digits.front() == '0')) return {};
  std::uint64_t step = 0;  // a sign is no part of it
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), step);
  if (error != std::errc() || end != digits.data() + digits.size() || step > INT64_MAX) return {};
  return static_cast<std::int64_t>(step);
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
