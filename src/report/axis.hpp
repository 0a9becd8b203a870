// The axes of the run report's charts.
#ifndef RUNHOOK_SRC_REPORT_AXIS_HPP_
#define RUNHOOK_SRC_REPORT_AXIS_HPP_

#include <string>
#include <vector>

namespace runhook::inline v1 {
namespace detail::report {

struct AxisTick {
  double at = 0;  // 0 to 1
  std::string label;
};

// Maps numbers to 0..1, the low end to 0.
class Axis {
 public:
  // For steps or counts: whole numbers, from exactly `low` to exactly `high`.
  static Axis whole(double low, double high);
  // For values, with a margin: logarithmic if they are positive and span more than three decades.
  static Axis values(double low, double high);
  static Axis from_zero(double high);  // for values that are not negative; with a margin
  static Axis time(double ns);         // from 0 on

  bool logarithmic() const noexcept { return logarithmic_; }
  double position(double value) const noexcept;
  const std::vector<AxisTick>& ticks() const noexcept { return ticks_; }

 private:
  void add_tick(double value, std::string label);
  void add_linear_ticks(bool whole);
  void add_decades();
  double low_ = 0;  // of the logarithms, if logarithmic
  double high_ = 1;
  bool logarithmic_ = false;
  std::vector<AxisTick> ticks_;
};

}  // namespace detail::report
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_REPORT_AXIS_HPP_
