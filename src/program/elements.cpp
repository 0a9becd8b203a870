#include "program/elements.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>
#include <tuple>
#include <type_traits>

#include "value/element.hpp"

namespace runhook::program {

namespace {

template <typename T>
inline constexpr bool is_complex = std::is_same_v<T, std::complex<double>>;

const char* address_of(const Value& tensor, std::int64_t index) noexcept {
  return static_cast<const char*>(tensor.data()) + static_cast<std::size_t>(index) * dtype_size(tensor.dtype());
}

bool is_nan(double number) noexcept { return std::isnan(number); }
bool is_nan(std::complex<double> number) noexcept { return std::isnan(number.real()) || std::isnan(number.imag()); }
bool is_infinite(double number) noexcept { return std::isinf(number); }
bool is_infinite(std::complex<double> number) noexcept {
  return std::isinf(number.real()) || std::isinf(number.imag());
}

Json number_json(double number) { return json_of(number); }
template <typename T>
Json number_json(T number) {
  return number;
}

template <typename T>
struct Range {
  T min{}, max{};
  bool has_any = false;

  void take(T number) noexcept {
    min = has_any ? std::min(min, number) : number;
    max = has_any ? std::max(max, number) : number;
    has_any = true;
  }
  void put(ElementFacts& facts) const {
    if (!has_any) return;
    facts.min = number_json(min);
    facts.max = number_json(max);
  }
};

struct Gap {
  double absolute = 0;
  double relative = 0;
  double second = 0;  // the magnitude of the second number
};

// Whole numbers exactly, so that two neighbours among large ones do not seem equal.
template <typename T>
Gap gap_between(T a, T b) noexcept {
  Gap gap;
  double first = 0;
  if constexpr (std::is_same_v<T, bool>) {
    gap.absolute = a == b ? 0 : 1;
    first = a ? 1 : 0;
    gap.second = b ? 1 : 0;
  } else if constexpr (std::is_integral_v<T>) {
    const auto distance = static_cast<std::uint64_t>(std::max(a, b)) - static_cast<std::uint64_t>(std::min(a, b));
    gap.absolute = static_cast<double>(distance);
    first = std::abs(static_cast<double>(a));
    gap.second = std::abs(static_cast<double>(b));
  } else {
    gap.absolute = a == b ? 0 : std::abs(a - b);
    first = std::abs(a);
    gap.second = std::abs(b);
    if (is_nan(a) && is_nan(b)) gap.absolute = 0;
  }
  if (gap.absolute == 0 || std::isnan(gap.absolute)) {
    gap.relative = gap.absolute;
  } else {
    gap.relative = std::isinf(gap.absolute) ? gap.absolute : gap.absolute / std::max(first, gap.second);
  }
  return gap;
}

Gap gap_at(const Value& a, const Value& b, std::int64_t index) {
  return detail::visit_element(a.dtype(), address_of(a, index), [&](auto first) {
    using T = decltype(first);
    Gap gap;
    detail::visit_element(b.dtype(), address_of(b, index), [&](auto second) {
      if constexpr (std::is_same_v<decltype(second), T>) gap = gap_between(first, second);
    });
    return gap;
  });
}

// NaN counts as more than any number.
bool is_larger(double a, double b) noexcept { return std::isnan(a) ? !std::isnan(b) : a > b; }

}  // namespace

Json element_at(const Value& tensor, std::int64_t index) {
  return detail::visit_element(tensor.dtype(), address_of(tensor, index), [](auto element) -> Json {
    using T = decltype(element);
    if constexpr (is_complex<T>) {
      return Json::array({json_of(element.real()), json_of(element.imag())});
    } else {
      return number_json(element);
    }
  });
}

ElementFacts facts_of(const Value& tensor) {
  ElementFacts facts;
  std::tuple<Range<bool>, Range<std::int64_t>, Range<std::uint64_t>, Range<double>> ranges;
  long double sum = 0;  // of many numbers of one size
  std::int64_t summed = 0;
  for (std::int64_t i = 0; i < tensor.element_count(); ++i) {
    detail::visit_element(tensor.dtype(), address_of(tensor, i), [&](auto element) {
      using T = decltype(element);
      if constexpr (std::is_same_v<T, double> || is_complex<T>) {
        if (is_nan(element)) {
          ++facts.nan_count;
          return;
        }
        if (is_infinite(element)) ++facts.infinite_count;
      }
      if constexpr (!is_complex<T>) {
        sum += static_cast<long double>(element);
        ++summed;
        std::get<Range<T>>(ranges).take(element);
      }
    });
  }
  std::apply([&](const auto&... range) { (range.put(facts), ...); }, ranges);
  if (summed > 0) facts.mean = json_of(static_cast<double>(sum / static_cast<long double>(summed)));
  return facts;
}

Difference difference_of(const Value& a, const Value& b, Tolerance tolerance) {
  Difference difference;
  const std::size_t size = dtype_size(a.dtype());
  for (std::int64_t i = 0; i < a.element_count(); ++i) {
    if (std::memcmp(address_of(a, i), address_of(b, i), size) == 0) continue;
    ++difference.count;
    const Gap gap = gap_at(a, b, i);
    if (is_larger(gap.absolute, difference.max_absolute)) {
      difference.max_absolute = gap.absolute;
      difference.at = i;
    }
    if (is_larger(gap.relative, difference.max_relative)) difference.max_relative = gap.relative;
    // Not the other way round: nothing is close to NaN.
    const bool is_close = gap.absolute == 0 || (std::isfinite(gap.absolute) &&
                                                gap.absolute <= tolerance.absolute + tolerance.relative * gap.second);
    difference.is_close = difference.is_close && is_close;
  }
  return difference;
}

}  // namespace runhook::program
