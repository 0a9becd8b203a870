#include "runhook/inline_loop.h"

#include "boundary/exception_guard.hpp"
#include "boundary/table.hpp"
#include "boundary/text.hpp"
#include "call/context_access.hpp"
#include "call/hook.hpp"
#include "call/inline_step_call.hpp"
#include "call/monitored_handle.hpp"
#include "handle/config_handle.hpp"
#include "handle/run_args_handle.hpp"
#include "handle/snapshot_handle.hpp"

namespace runhook::capi {

namespace {

// NOLINTNEXTLINE(bugprone-sizeof-expression): the size of the pointer is meant
constexpr std::size_t kInlineSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_inline_options, saver);
static_assert(offsetof(runhook_inline_options, outputs) == 8 && offsetof(runhook_inline_options, inputs) == 24 &&
                  offsetof(runhook_inline_options, initial_step) == 40 &&
                  offsetof(runhook_inline_options, saver) == 56 && kInlineSizeV1_0 == 64,
              "the 1.0 prefix is frozen");

InlineOptions inline_options_from(const runhook_inline_options* options) {
  const runhook_inline_options given =
      read_struct(options, kInlineSizeV1_0, runhook_inline_options(RUNHOOK_INLINE_OPTIONS_INIT));
  InlineOptions wanted;
  if (given.outputs != nullptr) wanted.outputs = required_texts(given.outputs, given.output_count, "output");
  if (given.inputs != nullptr) wanted.inputs = required_texts(given.inputs, given.input_count, "input");
  wanted.initial_step = given.initial_step;
  wanted.max_steps = given.max_steps;
  if (given.saver != nullptr) wanted.saver = require(given.saver).saver;
  return wanted;
}

// Two threads may come for the first step at once, of which one is going to be refused.
InlineStepCall& shown_step(MonitoredBox& box) {
  InlineStepCall* known = box.inline_step.load(std::memory_order_acquire);
  if (known != nullptr) [[likely]]
    return *known;
  auto made = std::make_unique<InlineStepCall>(box);
  return box.inline_step.compare_exchange_strong(known, made.get()) ? *made.release() : *known;
}

// There is no step. Destroys the session and returns true if another thread has left that to this one.
bool let_go(MonitoredBox& box, InlineStepCall& shown) noexcept {
  runhook_monitored_session* const handle = box.handle;
  shown.hide();
  if (!box.step_owner.let_go()) return false;
  destroy_session(handle);
  return true;
}

runhook_context* show(MonitoredBox& box, InlineStepCall& shown, MonitoredSession& target, InlineStep& step) {
  box.step_owner.take();  // a call that was refused may have come between
  try {
    return shown.show(step);
  } catch (...) {  // nobody knows of the step
    target.abandon_step();
    let_go(box, shown);
    throw;
  }
}

// Calls `body`, which ends the step that is open, or opens one, or both, and returns the one that is open then. `error`
// is where the caller gets what it fails with.
template <typename Body>
runhook_context* step_after(runhook_monitored_session* handle, const void* error, Body&& body) {
  MonitoredBox& box = require(handle);
  MonitoredSession& target = box.get();
  end_if_abandoned(box);
  InlineStepCall& shown = shown_step(box);
  const SessionCall call(box);
  const std::uintptr_t before = box.step_owner.take();  // entering the session makes it known to who destroys it
  InlineStep* step = nullptr;
  try {
    step = body(target);
  } catch (...) {
    if (find(handle) != &box) throw;
    if (error == nullptr) target.error_unheard();
    if (target.step_open() || target.running()) {  // refused, while a step is open or another thread's call under way
      box.step_owner.give_back(before);
    } else {
      let_go(box, shown);
    }
    throw;
  }
  // A callback may have destroyed the session, and the box with it.
  if (find(handle) != &box) return nullptr;
  if (step == nullptr) {
    if (let_go(box, shown)) throw StatusError(StatusCode::closed, "another thread has destroyed the session");
    return nullptr;
  }
  runhook_context* const shown_handle = show(box, shown, target, *step);
  end_if_abandoned(box);
  return shown_handle;
}

InlineStepCall& require_open_step(const runhook_context* context) {
  if (auto* call = find_inline_step(context)) return *call;
  refuse_context(context, "this is for a step of a loop that stays where it is");
}

}  // namespace

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

runhook_status runhook_config_set_inline(runhook_config* config, const runhook_inline_options* options,
                                         runhook_error** error) {
  return guarded(error, [&] {
    const auto box = require_pinned(config);
    use_creator(*box, inline_session_creator(inline_options_from(options)), /*single=*/false);
  });
}

runhook_context* runhook_monitored_session_next(runhook_monitored_session* session, runhook_error** error) {
  return guarded_handle(
      error, [&] { return step_after(session, error, [](MonitoredSession& target) { return target.next(); }); });
}

runhook_context* runhook_monitored_session_begin_step(runhook_monitored_session* session, const runhook_run_args* args,
                                                      runhook_error** error) {
  return guarded_handle(error, [&] {
    const PinnedArgs what(args);
    return step_after(session, error, [&](MonitoredSession& target) { return target.begin_step(*what); });
  });
}

runhook_status runhook_monitored_session_end_step(runhook_monitored_session* session, runhook_error** error) {
  return guarded(error, [&] {
    step_after(session, error, [](MonitoredSession& target) -> InlineStep* {
      target.end_step();
      return nullptr;
    });
  });
}

runhook_status runhook_step_abandon(runhook_context* step, runhook_error** error) {
  return guarded(error, [&] {
    step_after(require_open_step(step).owner.handle, error, [](MonitoredSession& target) -> InlineStep* {
      target.abandon_step();
      return nullptr;
    });
  });
}

int64_t runhook_step_number(const runhook_context* step) {
  const auto* call = find_inline_step(step);
  return call != nullptr ? call->step->number() : -1;
}

runhook_status runhook_step_set_global_step(runhook_context* step, int64_t global_step, runhook_error** error) {
  return guarded(error, [&] { require_open_step(step).step->set_global_step(global_step); });
}
