#include "report/plot.hpp"

namespace runhook::inline v1 {
namespace detail::report {

namespace {

// Near an edge the label is moved inwards.
std::string_view alignment(double at) {
  if (at < 0.08) return " class=\"first\"";
  return at > 0.92 ? " class=\"last\"" : "";
}

}  // namespace

void add_plot(Html& html, const Plot& plot) {
  html.raw("<div class=\"plot\">\n<div class=\"y\" aria-hidden=\"true\">");
  for (const AxisTick& tick : plot.y) {
    html.add("<span style=\"top:{:.1f}%\">{}</span>", 100 * (1 - tick.at), tick.label);
  }
  // The widest label a second time, invisible, so that there is room for all labels.
  std::string_view widest;
  for (const AxisTick& tick : plot.y) {
    if (tick.label.size() > widest.size()) widest = tick.label;
  }
  html.add("<i>{}</i></div>\n", widest);
  html.add(
      "<svg role=\"img\" aria-labelledby=\"{0}-name\" aria-describedby=\"{0}-text\" viewBox=\"0 0 {1} {1}\" "
      "preserveAspectRatio=\"none\">\n<title id=\"{0}-name\">{2}</title>\n<desc id=\"{0}-text\">{3}</desc>\n",
      plot.id, kPlotSize, plot.name, plot.description);
  html.raw("<path class=\"grid\" d=\"");
  for (const AxisTick& tick : plot.y) html.add("M0 {:.1f}H{}", kPlotSize * (1 - tick.at), kPlotSize);
  html.add("\"/>\n{}</svg>\n<div class=\"x\" aria-hidden=\"true\">", plot.drawing);
  for (const AxisTick& tick : plot.x) {
    html.add("<span{} style=\"left:{:.1f}%\">{}</span>", alignment(tick.at), 100 * tick.at, tick.label);
  }
  html.raw("</div>\n</div>\n");
}

}  // namespace detail::report
}  // namespace runhook::inline v1
