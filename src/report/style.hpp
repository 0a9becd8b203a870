// How the run report looks.
#ifndef RUNHOOK_SRC_REPORT_STYLE_HPP_
#define RUNHOOK_SRC_REPORT_STYLE_HPP_

#include <string_view>

namespace runhook::inline v1 {
namespace detail::report {

extern const std::string_view report_style;  // CSS

}  // namespace detail::report
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_REPORT_STYLE_HPP_
