#include "report/axis.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "report/html.hpp"

namespace runhook::inline v1 {
namespace detail::report {

namespace {

constexpr double kLargest = std::numeric_limits<double>::max();
constexpr double kDecadesForLogarithm = 3;
constexpr int kIntervals = 6;  // between ticks, at most
constexpr int kMostTicks = 12;

// 1, 2 or 5 times a power of ten, at least `size`; 0 if there is none.
double nice_step(double size) {
  if (!(size > 0)) return 0;
  const double power = std::pow(10.0, std::floor(std::log10(size)));
  for (const double factor : {1.0, 2.0, 5.0, 10.0}) {
    if (factor * power >= size) return std::isfinite(factor * power) ? factor * power : 0;
  }
  return 0;
}

std::string tick_label(double value, double step, double largest) {
  if (value == 0) return "0";
  if (largest >= 1e4) return short_count(value);
  const int decimals = static_cast<int>(std::max(0.0, -std::floor(std::log10(step) + 1e-9)));
  if (decimals > 4) return number_text(value);
  return fmt::format("{:.{}f}", value, decimals);
}

}  // namespace

Axis Axis::whole(double low, double high) {
  Axis axis;
  axis.low_ = low;
  axis.high_ = high;
  if (low < high) {
    axis.add_linear_ticks(true);
  } else {
    axis.add_tick(low, short_count(low));
  }
  return axis;
}

Axis Axis::values(double low, double high) {
  Axis axis;
  axis.logarithmic_ = low > 0 && std::log10(high) - std::log10(low) > kDecadesForLogarithm;
  if (axis.logarithmic_) {
    low = std::log10(low);
    high = std::log10(high);
  }
  // Half of the span: the whole might be too large for a double.
  double margin = 0.1 * (high / 2 - low / 2);
  if (!(margin > 0)) margin = low == 0 ? 1 : std::abs(low) * 0.1;
  axis.low_ = std::max(low - margin, -kLargest);
  axis.high_ = std::min(high + margin, kLargest);
  if (axis.logarithmic_) {
    axis.add_decades();
  } else {
    axis.add_linear_ticks(false);
  }
  return axis;
}

Axis Axis::from_zero(double high) {
  Axis axis;
  axis.high_ = high > 0 ? std::min(high * 1.05, kLargest) : 1;
  axis.add_linear_ticks(false);
  return axis;
}

Axis Axis::time(double ns) {
  struct Unit {
    double ns;
    std::string_view name;
  };
  constexpr std::array<Unit, 5> kUnits{{{24 * 3600e9, "d"}, {3600e9, "h"}, {60e9, "min"}, {1e9, "s"}, {1e6, "ms"}}};
  const auto unit = std::find_if(kUnits.begin(), kUnits.end() - 1, [ns](const Unit& one) { return ns >= 2 * one.ns; });
  Axis axis;
  axis.high_ = std::max(ns, 1.0) / unit->ns;
  axis.add_linear_ticks(false);
  for (AxisTick& tick : axis.ticks_) tick.label += fmt::format(" {}", unit->name);
  axis.high_ *= unit->ns;
  return axis;
}

double Axis::position(double value) const noexcept {
  if (logarithmic_) value = std::log10(value);
  const double half = high_ / 2 - low_ / 2;
  if (!(half > 0)) return 0.5;
  return std::clamp((value / 2 - low_ / 2) / half, 0.0, 1.0);
}

void Axis::add_tick(double value, std::string label) {
  if (!ticks_.empty() && ticks_.back().label == label) return;  // closer than can be told
  ticks_.push_back({position(value), std::move(label)});
}

void Axis::add_linear_ticks(bool whole) {
  double step = nice_step((high_ / 2 - low_ / 2) / (kIntervals / 2.0));
  if (whole) step = std::max(step, 1.0);
  if (step == 0) return;
  const double largest = std::max(std::abs(low_), std::abs(high_));
  const double first = std::ceil(low_ / step);
  for (int i = 0; i < kMostTicks && (first + i) * step <= high_; ++i) {
    const double value = (first + i) * step;
    add_tick(value, whole ? short_count(value) : tick_label(value, step, largest));
  }
}

void Axis::add_decades() {
  const double every = std::max(1.0, std::ceil((high_ - low_) / kIntervals));
  const double first = std::ceil(low_);
  for (int i = 0; first + i * every <= high_; ++i) {
    const double power = first + i * every;
    const double value = std::pow(10.0, power);
    add_tick(value, power < -3 ? number_text(value) : short_count(value));
  }
}

}  // namespace detail::report
}  // namespace runhook::inline v1
