#include "runhook/log.hpp"

#include <system_error>

#include "base/format.hpp"
#include "base/one_line.hpp"
#include "base/refuse.hpp"
#include "base/standard_error.hpp"
#include "base/terminal.hpp"

namespace runhook::inline v1 {

namespace {

// Whether the message names a step, or goes on from the one before it, as a line that is indented does.
bool has_its_step(std::string_view message) noexcept {
  constexpr std::string_view kStep = "step ";
  if (message.starts_with(' ')) return true;
  for (std::size_t at = 0; (at = message.find(kStep, at)) != std::string_view::npos;) {
    at += kStep.size();
    if (at < message.size() && message[at] >= '0' && message[at] <= '9') return true;
  }
  return false;
}

}  // namespace

void detail::log_to_stderr(const LogRecord& record) {
  if (record.level < LogLevel::warning) return;
  std::string line = record.level == LogLevel::error ? "runhook: error: " : "runhook: warning: ";
  if (record.step >= 0 && !has_its_step(record.message)) append_format(line, "step {}: ", record.step);
  line += one_line(record.message);
  line += '\n';
  write_to_standard_error(line);
}

void print_line(std::string_view text, int descriptor) {
  if (descriptor < 0) detail::refuse("the descriptor to print to is negative");
  std::string line(detail::can_redraw(descriptor) ? detail::kEraseRest : std::string_view());
  line += text;
  line += '\n';
  const int failure = detail::write_wholly(descriptor, line);
  detail::wake_display(descriptor);
  if (failure == 0) return;
  throw StatusError(StatusCode::unknown, fmt::format("writing to descriptor {} failed: {}", descriptor,
                                                     std::generic_category().message(failure)));
}

}  // namespace runhook::inline v1
