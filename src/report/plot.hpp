// The frame of a chart: a drawing with labels at two sides.
#ifndef RUNHOOK_SRC_REPORT_PLOT_HPP_
#define RUNHOOK_SRC_REPORT_PLOT_HPP_

#include <span>
#include <string>
#include <string_view>

#include "report/axis.hpp"
#include "report/html.hpp"

namespace runhook::inline v1 {
namespace detail::report {

// Coordinates of a drawing are 0 to kPlotSize in both directions, the origin at the top left.
inline constexpr double kPlotSize = 1000;

struct Plot {
  std::string id;           // of the drawing; unique in the page
  std::string name;         // what it is, for screen readers; escaped
  std::string description;  // what it shows; escaped
  std::string drawing;      // SVG
  std::span<const AxisTick> x, y;
};

void add_plot(Html& html, const Plot& plot);

}  // namespace detail::report
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_REPORT_PLOT_HPP_
