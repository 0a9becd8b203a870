#include "report/html.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>

#include "base/monotonic.hpp"
#include "base/time_of_day.hpp"
#include "base/utf8.hpp"

namespace runhook::inline v1 {
namespace detail::report {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

void add_escaped(std::string& html, std::string_view utf8) {
  for (const char c : utf8) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      case '\n':
      case '\t':
        html += c;
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
          html += kReplacement;
        } else {
          html += c;
        }
    }
  }
}

// "1e+06" as "1e6".
std::string without_padding(std::string number) {
  const std::size_t e = number.find('e');
  if (e == std::string::npos) return number;
  std::size_t digits = e + 1;
  if (number[digits] == '+') {
    number.erase(digits, 1);
  } else {
    ++digits;
  }
  while (digits + 1 < number.size() && number[digits] == '0') number.erase(digits, 1);
  return number;
}

}  // namespace

std::string escaped(std::string_view text) {
  const bool cut = text.size() > kMaxReportText;
  std::string_view rest = text.substr(0, kMaxReportText);
  std::string html;
  html.reserve(rest.size() + 16);
  while (!rest.empty()) {
    const std::string_view valid = utf8_beginning(rest);
    add_escaped(html, valid);
    rest.remove_prefix(valid.size());
    if (rest.empty() || (cut && rest.size() < 4)) break;  // the cut may have split a character
    html += kReplacement;
    rest.remove_prefix(1);
  }
  if (cut) html += fmt::format("… ({} more bytes)", text.size() - kMaxReportText);
  return html;
}

std::string grouped(std::int64_t number) {
  if (number >= 0) return grouped(static_cast<std::uint64_t>(number));
  return fmt::format("-{}", grouped(~static_cast<std::uint64_t>(number) + 1));
}

std::string grouped(std::uint64_t number) {
  const std::string digits = fmt::format("{}", number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string short_count(double number) {
  constexpr std::array<std::pair<double, char>, 4> kUnits{{{1e12, 'T'}, {1e9, 'G'}, {1e6, 'M'}, {1e3, 'k'}}};
  const double size = std::abs(number);
  if (size >= 1e15) return without_padding(fmt::format("{:.3g}", number));
  for (const auto& [unit, letter] : kUnits) {
    if (size >= unit) return fmt::format("{:.4g}{}", number / unit, letter);
  }
  return fmt::format("{:.4g}", number);
}

std::string number_text(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "infinity" : "-infinity";
  if (std::abs(number) < 1e15 && number == std::trunc(number)) return grouped(static_cast<std::int64_t>(number));
  if (std::abs(number) >= 1e4 && std::abs(number) < 1e9) {
    return grouped(static_cast<std::int64_t>(std::llround(number)));
  }
  return without_padding(fmt::format("{:.5g}", number));
}

std::string rate_text(double per_second) {
  return per_second < 1000 ? fmt::format("{:.3g}", per_second) : short_count(per_second);
}

std::string percent(double share) {
  const double hundredths = share * 100;
  if (hundredths > 0 && hundredths < 0.1) return "under 0.1 %";
  return fmt::format("{:.1f} %", hundredths);
}

std::string duration_text(std::int64_t ns) {
  const double s = in_seconds(std::max<std::int64_t>(ns, 0));
  const std::int64_t whole = std::llround(s);
  if (s < 999.5e-9) return fmt::format("{} ns", ns < 0 ? 0 : ns);
  if (s < 999.5e-6) return fmt::format("{:.3g} µs", s * 1e6);
  if (s < 0.9995) return fmt::format("{:.3g} ms", s * 1e3);
  if (s < 59.95) return fmt::format("{:.3g} s", s);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
  return fmt::format("{} d {} h", whole / 86400, whole % 86400 / 3600);
}

std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", grouped(count), count == 1 ? one : many);
}

std::string iso_time(std::chrono::system_clock::time_point time) {
  const std::tm t = utc_parts(std::chrono::system_clock::to_time_t(time));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour,
                     t.tm_min, t.tm_sec);
}

std::string readable_time(std::chrono::system_clock::time_point time) {
  constexpr std::array kMonths{"January", "February", "March",     "April",   "May",      "June",
                               "July",    "August",   "September", "October", "November", "December"};
  const std::tm t = utc_parts(std::chrono::system_clock::to_time_t(time));
  return fmt::format("{} {} {}, {:02}:{:02}:{:02} UTC", t.tm_mday, kMonths[static_cast<std::size_t>(t.tm_mon)],
                     t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

void Html::begin_section(std::string_view id, std::string_view heading) {
  add("<section aria-labelledby=\"{0}\">\n<h2 id=\"{0}\">{1}</h2>\n", id, heading);
}

void Html::begin_scroll(std::string_view name, std::string_view style_class) {
  add("<div class=\"scroll{}{}\" role=\"group\" tabindex=\"0\" aria-label=\"{}\">\n", style_class.empty() ? "" : " ",
      style_class, name);
}

void Html::begin_rows(std::initializer_list<std::string_view> columns) {
  raw("<thead><tr>");
  for (const std::string_view column : columns) add("<th scope=\"col\">{}</th>", column);
  raw("</tr></thead>\n<tbody>\n");
}

}  // namespace detail::report
}  // namespace runhook::inline v1
