#include "report/metric_charts.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace runhook::inline v1 {
namespace detail::report {

namespace {

// Words for parts of the data.
bool is_part(std::string_view word) {
  constexpr std::array<std::string_view, 10> kParts{"train", "training", "val",        "valid", "validation",
                                                    "dev",   "eval",     "evaluation", "test",  "in-memory evaluator"};
  std::string lower(word);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return std::find(kParts.begin(), kParts.end(), lower) != kParts.end();
}

// The name without the word for a part of the data that it begins or ends with; empty if nothing is left.
std::string without_part(std::string_view name) {
  const std::size_t first = name.find('/');
  if (first != std::string_view::npos && is_part(name.substr(0, first))) return std::string(name.substr(first + 1));
  const std::size_t last = name.rfind('/');
  if (last != std::string_view::npos && is_part(name.substr(last + 1))) return std::string(name.substr(0, last));
  const std::size_t begin = last == std::string_view::npos ? 0 : last + 1;
  std::string folder(name.substr(0, begin));
  const std::string_view leaf = name.substr(begin);
  const std::size_t low = leaf.find('_');
  if (low != std::string_view::npos && is_part(leaf.substr(0, low))) return folder.append(leaf.substr(low + 1));
  const std::size_t high = leaf.rfind('_');
  if (high != std::string_view::npos && is_part(leaf.substr(high + 1))) return folder.append(leaf.substr(0, high));
  return folder.append(leaf);
}

}  // namespace

std::vector<MetricChart> metric_charts(const std::vector<NamedSeries>& series) {
  std::vector<MetricChart> charts;
  for (const NamedSeries& one : series) {
    if (one.data.count() == 0) continue;
    std::string name = without_part(one.name);
    if (name.empty()) name = one.name;
    const auto same = std::find_if(charts.begin(), charts.end(), [&name](const MetricChart& chart) {
      return chart.name == name && chart.lines.size() < MetricChart::kMostLines;
    });
    if (same != charts.end()) {
      same->lines.push_back(&one);
    } else {
      charts.push_back({std::move(name), {&one}});
    }
  }
  for (MetricChart& chart : charts) {
    if (chart.lines.size() == 1) chart.name = chart.lines.front()->name;
    const std::size_t slash = chart.name.find('/');
    if (slash != std::string::npos) chart.group = chart.name.substr(0, slash);
  }
  std::vector<MetricChart> ordered;
  const auto take = [&](const std::string& group) {
    for (MetricChart& chart : charts) {
      if (!chart.lines.empty() && chart.group == group) ordered.push_back(std::move(chart));
    }
  };
  take("");
  for (const MetricChart& chart : charts) {
    if (!chart.lines.empty()) take(std::string(chart.group));
  }
  return ordered;
}

}  // namespace detail::report
}  // namespace runhook::inline v1
