// Texts and numbers as they stand in the run report.
#ifndef RUNHOOK_SRC_REPORT_HTML_HPP_
#define RUNHOOK_SRC_REPORT_HTML_HPP_

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/format.hpp"

namespace runhook::inline v1 {
namespace detail::report {

// Any bytes as text for HTML, in content and in quoted attributes: special characters are escaped, what is not UTF-8 or
// not printable is replaced, and after kMaxText bytes the rest is left out.
std::string escaped(std::string_view text);
inline constexpr std::size_t kMaxReportText = 4000;

std::string grouped(std::int64_t number);  // 12,000
std::string grouped(std::uint64_t number);
std::string short_count(double number);                                                 // 12k, 1.5M: for axes
std::string number_text(double number);                                                 // of a metric: up to 5 digits
std::string rate_text(double per_second);                                               // 3 digits, or as short_count()
std::string percent(double share);                                                      // of 1: 12.3 %
std::string duration_text(std::int64_t ns);                                             // 812 µs, 3.42 s, 2 h 14 min
std::string counted(std::uint64_t count, std::string_view one, std::string_view many);  // 1 step, 2,000 steps
std::string iso_time(std::chrono::system_clock::time_point time);                       // 2026-01-31T23:59:59Z
std::string readable_time(std::chrono::system_clock::time_point time);                  // 31 January 2026, 23:59:59 UTC

// The page that is being written. What is not escaped by the caller must be safe.
class Html {
 public:
  template <typename... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    append_format(text_, format, std::forward<Args>(args)...);
  }
  void raw(std::string_view html) { text_ += html; }
  // A section with a heading of its own; `id` makes it a landmark that is named by it.
  void begin_section(std::string_view id, std::string_view heading);
  // Something that scrolls where it is too large, also by keyboard. `name` is for screen readers.
  void begin_scroll(std::string_view name, std::string_view style_class = {});
  void begin_rows(std::initializer_list<std::string_view> columns);  // of a table that has its caption
  void end_rows() { raw("</tbody>\n</table>\n"); }
  void pair(std::string_view name, std::string_view value) { add("<dt>{}</dt><dd>{}</dd>\n", name, value); }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace detail::report
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_REPORT_HTML_HPP_
