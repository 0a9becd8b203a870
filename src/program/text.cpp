#include "program/text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <limits>

#include "base/format.hpp"
#include "base/monotonic.hpp"
#include "base/one_line.hpp"
#include "base/time_of_day.hpp"
#include "output/json_csv_values.hpp"

namespace runhook::program {

namespace {

constexpr std::string_view kBetweenColumns = "  ";

std::size_t width_of(std::string_view utf8) noexcept {
  const auto begins_character = [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; };
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), begins_character));
}

}  // namespace

void Table::add(std::vector<std::string> cells) {
  for (std::string& cell : cells) {
    if (!detail::is_one_line(cell)) cell = detail::one_line(cell, detail::Blanks::escaped);
  }
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::string Table::text(std::string_view indent) const {
  std::vector<std::size_t> widths;
  widths.reserve(columns_.size());
  for (const Column& column : columns_) widths.push_back(width_of(column.title));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  const auto add_row = [&](const auto& cell_of) {
    std::string line(indent);
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string_view cell = cell_of(i);
      const std::string blanks(widths[i] - width_of(cell), ' ');
      if (i > 0) line += kBetweenColumns;
      if (columns_[i].align == Align::right) line += blanks;
      line += cell;
      if (columns_[i].align == Align::left) line += blanks;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  };
  add_row([&](std::size_t i) { return columns_[i].title; });
  for (const auto& row : rows_) add_row([&](std::size_t i) { return std::string_view(row[i]); });
  return text;
}

void Facts::add(std::string_view name, std::string_view text) {
  if (!text.empty()) facts_.emplace_back(name, detail::one_line(text));
}

std::string Facts::text() const {
  std::size_t width = 0;
  for (const auto& [name, text] : facts_) width = std::max(width, name.size());
  std::string all;
  for (const auto& [name, text] : facts_) {
    all += fmt::format("  {:{}}{}{}\n", name, width, kBetweenColumns, text);
  }
  return all;
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 6> kUnits{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  constexpr double kStep = 1024;
  constexpr double kMostShown = 999.95;  // above, it would have four digits
  if (static_cast<double>(bytes) < kStep) return fmt::format("{} B", bytes);
  double size = static_cast<double>(bytes) / kStep;
  std::size_t unit = 0;
  for (; size >= kMostShown && unit + 1 < kUnits.size(); ++unit) size /= kStep;
  return fmt::format("{:.1f} {}", size, kUnits[unit]);
}

std::string count_text(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string number_text(double number) {
  return std::isfinite(number) ? fmt::format("{:.6g}", number) : std::string(detail::non_finite_text(number));
}

std::string numbers_text(const NamedNumbers& numbers) {
  std::string text;
  for (const auto& [name, number] : numbers) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, number_text(number));
  }
  return text;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  if (shape.empty()) return "scalar";
  std::string text;
  for (const std::int64_t extent : shape) text += (text.empty() ? "" : "x") + std::to_string(extent);
  return text;
}

std::string local_time(std::int64_t unix_ns) {
  const std::time_t seconds = detail::seconds_of(unix_ns);
  std::tm parts{};
  if (localtime_r(&seconds, &parts) == nullptr) return detail::utc_time(unix_ns);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts);
  return {text.data(), size};
}

std::optional<std::int64_t> unix_ns_of(std::string_view utc) {
  std::tm parts{};
  int ms = 0;
  int end = 0;
  const std::string text(utc);
  const int found = std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &parts.tm_year, &parts.tm_mon,
                                &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &ms, &end);
  constexpr int kNumbers = 7;
  if (found != kNumbers || static_cast<std::size_t>(end) != text.size()) return {};
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  const std::time_t seconds = timegm(&parts);
  if (std::abs(seconds) > std::numeric_limits<std::int64_t>::max() / detail::kNsPerSecond - 1) return {};
  return seconds * detail::kNsPerSecond + ms * detail::kNsPerMillisecond;
}

std::string local_time_of(std::string_view utc) {
  const auto unix_ns = unix_ns_of(utc);
  return unix_ns ? local_time(*unix_ns) : std::string(utc);
}

}  // namespace runhook::program
