#include "boundary/exception_guard.hpp"
#include "handle/clock_handle.hpp"
#include "handle/config_handle.hpp"
#include "handle/scaffold_handle.hpp"
#include "handle/stop_handle.hpp"
#include "runhook/scaffold.h"

using namespace runhook;
using namespace runhook::capi;

runhook_session_manager* runhook_session_manager_create(const runhook_function* factory, runhook_scaffold* scaffold,
                                                        int64_t poll_ns, runhook_error** error) {
  std::shared_ptr<CFunction> function;
  if (accept_function(factory, function, error) != RUNHOOK_OK) return nullptr;
  return guarded_handle(error, [&] {
    return create<runhook_session_manager>(
        SessionManager(factory_from(std::move(function)), scaffold_or_null(scaffold), poll_ns, /*finalize=*/false));
  });
}

void runhook_session_manager_destroy(runhook_session_manager* manager) { capi::destroy(manager); }

runhook_session* runhook_session_manager_prepare(runhook_session_manager* manager, runhook_error** error) {
  return guarded_handle(error,
                        [&] { return give_session(require_pinned(manager)->manager.prepare_session().session); });
}

runhook_session* runhook_session_manager_recover(runhook_session_manager* manager, int32_t* ready,
                                                 runhook_error** error) {
  return guarded_handle(error, [&] {
    SessionManager::Recovered recovered = require_pinned(manager)->manager.recover_session();
    auto* const handle = give_session(std::move(recovered.created.session));
    if (ready != nullptr) *ready = recovered.ready ? 1 : 0;
    return handle;
  });
}

runhook_session* runhook_session_manager_wait(runhook_session_manager* manager, int64_t max_wait_ns,
                                              const runhook_stop_source* stop, runhook_clock* clock,
                                              runhook_error** error) {
  return guarded_handle(error, [&] {
    const auto target = require_pinned(manager);
    const auto state = stop != nullptr ? require(stop).source.state() : nullptr;
    const auto kept = clock != nullptr ? require(clock).clock : nullptr;
    return give_session(target->manager.wait_for_session(max_wait_ns, {state.get(), kept.get()}).session);
  });
}
