#include "loop/value_queue.hpp"

#include <utility>

namespace runhook::inline v1 {
namespace detail {

void ValueQueue::push(OwnedValue value) {
  const std::lock_guard lock(mutex_);
  if (step_ == nullptr || values_.size() >= kCapacity) return drop(1);
  if (value.value.step < 0) value.value.step = step_->load(std::memory_order_relaxed);
  values_.push_back(std::move(value));
  if (values_.size() == 1) stop_->add_waiting_values();
}

void ValueQueue::take(std::vector<OwnedValue>& values) noexcept {
  const std::lock_guard lock(mutex_);
  values_.swap(values);
  if (!values.empty()) stop_->remove_waiting_values();
}

void ValueQueue::close() noexcept {
  const std::lock_guard lock(mutex_);
  if (step_ == nullptr) return;
  drop(values_.size());
  if (!values_.empty()) stop_->remove_waiting_values();
  values_.clear();
  step_ = nullptr;
}

}  // namespace detail
}  // namespace runhook::inline v1
