#include "runhook/value_logger.hpp"

#include <utility>

#include "base/format.hpp"
#include "base/refuse.hpp"
#include "loop/value_queue.hpp"
#include "value/value_log.hpp"

namespace runhook::inline v1 {

namespace {

detail::OwnedValue owned(std::string_view name, LoggedKind kind, std::int64_t step) {
  detail::check_logged_name(name);
  if (step < ValueLogger::kLastCompleted) detail::refuse(fmt::format("the step of a logged value is {}", step));
  detail::OwnedValue value{std::string(name), {}, {}};
  value.value.kind = kind;
  value.value.step = step;
  return value;
}

}  // namespace

ValueLogger::ValueLogger(std::shared_ptr<detail::ValueQueue> queue) noexcept : queue_(std::move(queue)) {}

void ValueLogger::log_scalar(std::string_view name, double number, std::int64_t step) const {
  detail::OwnedValue value = owned(name, LoggedKind::number, step);
  value.value.number = number;
  queue_->push(std::move(value));
}

void ValueLogger::log_int64(std::string_view name, std::int64_t number, std::int64_t step) const {
  detail::OwnedValue value = owned(name, LoggedKind::integer, step);
  value.value.integer = number;
  value.value.number = static_cast<double>(number);
  queue_->push(std::move(value));
}

void ValueLogger::log_text(std::string_view name, std::string_view text, std::int64_t step) const {
  detail::OwnedValue value = owned(name, LoggedKind::text, step);
  detail::check_logged_text(text);
  value.text = text;
  queue_->push(std::move(value));
}

std::uint64_t ValueLogger::dropped() const noexcept { return queue_->dropped(); }

}  // namespace runhook::inline v1
