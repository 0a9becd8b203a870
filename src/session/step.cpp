#include "runhook/step.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "session/step_code.hpp"

namespace runhook::inline v1 {

const Value* Step::input(std::string_view name) const noexcept {
  const std::size_t index = code_->find(name, detail::StepCode::Use::input);
  for (const ResolvedFeed& feed : step_->feeds) {
    if (feed.node == index) return feed.value;
  }
  return nullptr;
}

bool Step::wanted(std::string_view output) const noexcept {
  if (step_->fetches.empty()) [[likely]]
    return false;
  const std::size_t index = code_->find(output, detail::StepCode::Use::output);
  return std::any_of(step_->fetches.begin(), step_->fetches.end(), [index](NodeId node) { return node == index; });
}

void Step::set_output(std::string_view name, Value value) {
  const std::size_t index = code_->publish(name);
  for (std::size_t i = 0; i < step_->fetches.size(); ++i) {
    if (step_->fetches[i] != index) continue;
    step_->results[i] = std::move(value);
    return;  // each is fetched at most once
  }
}

void Step::set(std::string_view name, double number) {
  set_output(name, wanted(name) ? Value::scalar(number) : Value());
}

void Step::set(std::string_view name, std::int64_t number) {
  set_output(name, wanted(name) ? Value::scalar(number) : Value());
}

void Step::log_scalar(std::string_view name, double number) {
  step_->log_scalar(name, number);
  if (code_->has_output(name)) set(name, number);
}

void Step::log_int64(std::string_view name, std::int64_t number) {
  step_->log_int64(name, number);
  if (code_->has_output(name)) set(name, number);
}

void Step::log_text(std::string_view name, std::string_view text) {
  step_->log_text(name, text);
  if (code_->has_output(name)) set_output(name, wanted(name) ? Value::string(std::string(text)) : Value());
}

bool Step::cancel_requested() const noexcept {
  return code_->cancelled_.load(std::memory_order_acquire) || step_->cancel_requested();
}

}  // namespace runhook::inline v1
