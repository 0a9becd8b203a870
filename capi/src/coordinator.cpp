#include "runhook/coordinator.h"

#include <limits>
#include <memory>

#include "boundary/c_call.hpp"
#include "boundary/exception_guard.hpp"
#include "boundary/table.hpp"
#include "boundary/text.hpp"
#include "handle/coordinator_handle.hpp"
#include "handle/error_handle.hpp"

using runhook::Coordinator;
using runhook::Error;
using runhook::StatusCode;
using runhook::StatusError;
using namespace runhook::capi;  // NOLINT: this file implements the C functions in terms of it

namespace {

constexpr std::size_t kLooperSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_looper, stop_loop);
static_assert(offsetof(runhook_looper, user_data) == 8 && offsetof(runhook_looper, destroy) == 16 &&
                  offsetof(runhook_looper, start_loop) == 24 && offsetof(runhook_looper, run_loop) == 32 &&
                  offsetof(runhook_looper, stop_loop) == 40 && kLooperSizeV1_0 == 48,
              "the 1.0 prefix is frozen");

// Shared by the functions of one looper. Its context serves all calls.
struct CLooper {
  CLooper(const runhook_looper& its_table, UserData owner, const Coordinator& coordinator)
      : table(its_table), data(std::move(owner)), context(coordinator) {
    handle.publish(context);
  }
  void call(const char* name, runhook_callback callback) { invoke(context, handle.get(), name, callback, data.get()); }
  const runhook_looper table;
  const UserData data;
  ThreadCall context;
  Lent<runhook_context> handle;
};

std::function<void()> looper_function(const std::shared_ptr<CLooper>& looper, const char* name,
                                      runhook_callback callback) {
  if (callback == nullptr) return {};
  return [looper, name, callback] { looper->call(name, callback); };
}

StatusCode clean_stop_code(runhook_status number) {
  const StatusCode code = runhook::status_from_number(number);
  if (code == StatusCode::ok || static_cast<runhook_status>(code) != number) {
    throw StatusError(StatusCode::invalid_argument, "not a code of an error: " + std::to_string(number));
  }
  return code;
}

// A copy, since the handle may be destroyed meanwhile, by a callback or by another thread.
Coordinator coordinator_of(const runhook_coordinator* handle) { return require(handle).coordinator; }

}  // namespace

runhook_coordinator* runhook_coordinator_create(runhook_error** error) {
  return guarded_handle(error, [] { return create<runhook_coordinator>(Coordinator()); });
}

runhook_coordinator* runhook_coordinator_create_with_codes(const runhook_status* clean_stop_codes, size_t count,
                                                           runhook_error** error) {
  return guarded_handle(error, [&] {
    if (clean_stop_codes == nullptr && count != 0) {
      throw StatusError(StatusCode::invalid_argument, "clean_stop_codes is NULL");
    }
    Coordinator::Options options;
    options.clean_stop_codes.clear();
    for (size_t i = 0; i < count; ++i) options.clean_stop_codes.push_back(clean_stop_code(clean_stop_codes[i]));
    return create<runhook_coordinator>(Coordinator(std::move(options)));
  });
}

runhook_coordinator* runhook_coordinator_share(const runhook_coordinator* coordinator, runhook_error** error) {
  return guarded_handle(error, [&] { return create<runhook_coordinator>(coordinator_of(coordinator)); });
}

void runhook_coordinator_destroy(runhook_coordinator* coordinator) { destroy(coordinator); }

runhook_status runhook_coordinator_request_stop(const runhook_coordinator* coordinator, runhook_error** error) {
  return guarded(error, [&] { coordinator_of(coordinator).request_stop(); });
}

runhook_status runhook_coordinator_report_error(const runhook_coordinator* coordinator, runhook_status code,
                                                const char* message, runhook_error** error) {
  return guarded(error, [&] {
    Coordinator target = coordinator_of(coordinator);
    if (code == RUNHOOK_OK) throw StatusError(StatusCode::invalid_argument, "RUNHOOK_OK is no error");
    target.request_stop(Error(runhook::status_from_number(code), optional_text(message, "the message")));
  });
}

int32_t runhook_coordinator_should_stop(const runhook_coordinator* coordinator) {
  const auto* box = find(coordinator);
  return box != nullptr && box->coordinator.should_stop() ? 1 : 0;
}

int32_t runhook_coordinator_wait_for_stop(const runhook_coordinator* coordinator, int64_t timeout_ns) {
  const auto* box = find(coordinator);
  if (box == nullptr) return 0;
  return guarded_value<int32_t>(0, [&] {
    const Coordinator kept = box->coordinator;  // the handle may be destroyed meanwhile
    return kept.wait_for_stop(timeout_ns) ? 1 : 0;
  });
}

runhook_status runhook_coordinator_clear_stop(const runhook_coordinator* coordinator, runhook_error** error) {
  return guarded(error, [&] { coordinator_of(coordinator).clear_stop(); });
}

runhook_thread* runhook_coordinator_register_thread(const runhook_coordinator* coordinator, const char* name,
                                                    runhook_error** error) {
  return guarded_handle(error, [&] {
    Coordinator target = coordinator_of(coordinator);
    return create<runhook_thread>(target.register_thread(required_text(name, "the name")));
  });
}

void runhook_thread_destroy(runhook_thread* thread) { destroy(thread); }

runhook_status runhook_coordinator_start_thread(const runhook_coordinator* coordinator, const char* name,
                                                const runhook_function* body, runhook_error** error) {
  std::shared_ptr<CFunction> function;
  if (const auto status = accept_function(body, function, error); status != RUNHOOK_OK) return status;
  return guarded(error, [&] {
    Coordinator target = coordinator_of(coordinator);
    target.start_thread(required_text(name, "the name"), [target, function = std::move(function)] {
      ThreadCall context(target);
      invoke_once(context, "call", function->call, function->data.get());
    });
  });
}

runhook_status runhook_coordinator_start_looper(const runhook_coordinator* coordinator, const char* name,
                                                int64_t interval_ns, const runhook_looper* looper,
                                                runhook_error** error) {
  runhook_looper table;
  UserData owner;
  if (const auto status = accept_table(looper, kLooperSizeV1_0, table, owner, error); status != RUNHOOK_OK) {
    return status;
  }
  return guarded(error, [&] {
    Coordinator target = coordinator_of(coordinator);
    runhook::LooperCallbacks callbacks;
    {
      const auto shared = std::make_shared<CLooper>(table, std::move(owner), target);
      callbacks.start_loop = looper_function(shared, "start_loop", table.start_loop);
      callbacks.run_loop = looper_function(shared, "run_loop", table.run_loop);
      callbacks.stop_loop = looper_function(shared, "stop_loop", table.stop_loop);
    }
    runhook::start_looper(target, required_text(name, "the name"), interval_ns, std::move(callbacks));
  });
}

runhook_status runhook_coordinator_join(const runhook_coordinator* coordinator, int64_t grace_ns,
                                        int32_t ignore_live_threads, runhook_error** error) {
  return guarded(error, [&] {
    Coordinator kept = coordinator_of(coordinator);
    kept.join(grace_ns < 0 ? std::numeric_limits<std::int64_t>::max() : grace_ns, ignore_live_threads != 0);
  });
}

int32_t runhook_coordinator_joined(const runhook_coordinator* coordinator) {
  const auto* box = find(coordinator);
  return box != nullptr && box->coordinator.joined() ? 1 : 0;
}

size_t runhook_coordinator_live_threads(const runhook_coordinator* coordinator) {
  const auto* box = find(coordinator);
  return box != nullptr ? box->coordinator.live_threads() : 0;
}

runhook_error* runhook_coordinator_error(const runhook_coordinator* coordinator) {
  const auto* box = find(coordinator);
  return box != nullptr ? give_error(box->coordinator.error()) : nullptr;
}
