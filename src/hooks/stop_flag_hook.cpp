
#include "runhook/hooks/stop_flag.hpp"

#include <algorithm>
#include <utility>

#include "base/format.hpp"
#include "stop/stop_flag_group.hpp"

namespace runhook::inline v1 {

StopFlagHook::StopFlagHook(StopFlag flag, StopFlagOptions options)
    : flag_(std::move(flag)), options_(std::move(options)) {}

StopFlagHook::~StopFlagHook() = default;

void StopFlagHook::begin(SessionRunContext&) {
  has_stopped_ = false;
  runs_ = 0;
  ask_ = options_.ask;
  ask_.reset();
  if (!options_.same_step) return;
  certain_ = std::make_shared<std::int64_t>(INT64_MIN);
  const std::lock_guard lock(flag_.group_->mutex);
  flag_.group_->members.push_back(certain_);
}

void StopFlagHook::cleanup(SessionRunContext&, const Outcome&) {
  if (certain_ == nullptr) return;
  const std::lock_guard lock(flag_.group_->mutex);
  std::erase(flag_.group_->members, certain_);
  certain_.reset();
}

// Whether the worker, which has reached `step`, is to stop there. Otherwise it goes on, and is certain to reach
// `certain`.
bool StopFlagHook::is_time(std::int64_t step, std::int64_t certain) {
  if (!options_.same_step) return flag_.raised();
  StopFlag::Group& group = *flag_.group_;
  const std::lock_guard lock(group.mutex);
  *certain_ = certain;
  if (!flag_.raised()) return false;
  if (!group.target) {
    *certain_ = step;
    const auto further = [](const auto& a, const auto& b) { return *a < *b; };
    group.target = **std::max_element(group.members.begin(), group.members.end(), further);
  }
  return step >= *group.target;
}

void StopFlagHook::stop(SessionRunContext& context) {
  const StopReason reason = flag_.reason();
  const std::string_view who = reason.who().empty() ? "somebody" : reason.who();
  has_stopped_ |= context.request_stop(reason.code, fmt::format("{} has raised the stop flag: {}", who, reason.text()));
}

void StopFlagHook::after_create_session(SessionRunContext& context) {
  ask_.rewind(context.global_step());
  if (is_time(context.global_step(), context.global_step())) stop(context);
}

void StopFlagHook::before_run(SessionRunContext& context) {
  if (!is_time(context.global_step(), context.global_step() + 1)) return;
  stop(context);
  context.skip_step();
}

void StopFlagHook::after_run(SessionRunContext& context, const SessionRunValues&) {
  if (options_.predicate && !flag_.raised()) {
    TriggerPoint point{.step = context.global_step(), .run = runs_++};
    if (ask_.uses_time()) point.time_ns = context.now_ns();
    if (ask_.due(point)) {
      ask_.fired(point);
      if (options_.predicate(context)) flag_.raise(options_.reason, context.hook_name(), context.global_step());
    }
  }
  if (is_time(context.global_step(), context.global_step())) stop(context);
}

}  // namespace runhook::inline v1
