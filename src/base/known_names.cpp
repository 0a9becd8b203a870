#include "base/known_names.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/format.hpp"
#include "base/utf8.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

constexpr std::size_t kListed = 8;       // names told; the others are counted
constexpr std::size_t kShown = 60;       // bytes of a name that are told
constexpr std::size_t kCompared = 1000;  // names among which the nearest is looked for

char lower(char letter) noexcept { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter; }

std::string quoted(std::string_view name) {
  if (name.size() <= kShown) return fmt::format("'{}'", name);
  return fmt::format("'{}...'", utf8_beginning(name.substr(0, kShown)));
}

// The name that `wanted` most probably stands for; empty if there is none that is like it.
std::string_view nearest(std::string_view wanted, const std::vector<std::string_view>& names) {
  std::string_view best;
  if (wanted.size() > kShown) return best;
  std::size_t least = std::max<std::size_t>(1, wanted.size() / 3) + 1;
  for (std::size_t i = 0; i < std::min(names.size(), kCompared); ++i) {
    const std::string_view name = names[i];
    const std::size_t longer = std::max(name.size(), wanted.size());
    if (name.empty() || longer - std::min(name.size(), wanted.size()) >= least) continue;
    const std::size_t distance = edit_distance(wanted, name);
    if (distance >= least || distance == longer) continue;
    least = distance;
    best = name;
  }
  return best;
}

}  // namespace

std::size_t edit_distance(std::string_view one, std::string_view other) {
  const std::size_t width = other.size() + 1;
  std::array<std::vector<std::size_t>, 3> rows;  // the last two, and the one that is made
  for (auto& row : rows) row.resize(width);
  for (std::size_t j = 0; j < width; ++j) rows[0][j] = j;
  for (std::size_t i = 1; i <= one.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& last = rows[(i + 2) % 3];
    const auto& before_last = rows[(i + 1) % 3];
    row[0] = i;
    const auto same = [&](std::size_t a, std::size_t b) { return lower(one[a - 1]) == lower(other[b - 1]); };
    for (std::size_t j = 1; j < width; ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same(i, j) ? 0 : 1)});
      if (i > 1 && j > 1 && same(i, j - 1) && same(i - 1, j)) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return rows[one.size() % 3][width - 1];
}

std::string known_names(std::string_view wanted, const std::vector<std::string_view>& names) {
  if (names.empty()) return "; there is none";
  std::string text(";");
  if (const std::string_view near = nearest(wanted, names); !near.empty()) {
    append_format(text, " did you mean {}?", quoted(near));
    if (names.size() == 1) return text;
  }
  text += names.size() == 1 ? " there is only " : " there are ";
  const std::size_t listed = std::min(names.size(), kListed);
  for (std::size_t i = 0; i < listed; ++i) {
    if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
    text += quoted(names[i]);
  }
  if (listed < names.size()) append_format(text, " and {} more", names.size() - listed);
  return text;
}

std::string known_names(std::string_view wanted, const std::vector<std::string>& names) {
  return known_names(wanted, std::vector<std::string_view>(names.begin(), names.end()));
}

}  // namespace detail
}  // namespace runhook::inline v1
