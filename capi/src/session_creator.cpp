#include "runhook/session_creator.hpp"

#include "boundary/c_call.hpp"
#include "boundary/exception_guard.hpp"
#include "call/graph_engine.hpp"
#include "handle/config_handle.hpp"
#include "handle/scaffold_handle.hpp"
#include "runhook/config.h"

namespace runhook::capi {

namespace {

void check_answer(const CreatorCall& call) {
  if (call.session != nullptr) return;
  throw StatusError(StatusCode::failed_precondition, std::string(call.role == Role::creator ? "create" : "factory") +
                                                         " has not called runhook_context_set_session()");
}

CreatedSession call_creator(const CFunction& function, const CreationContext& context) {
  CreatorCall call(Role::creator, context.stop);
  invoke_once(call, "create", function.call, function.data.get());
  check_answer(call);
  return {std::move(call.session), call.restored_step};
}

}  // namespace

SessionFactory factory_from(std::shared_ptr<CFunction> function) {
  return [function = std::move(function)] {
    CreatorCall call(Role::factory);
    invoke_once(call, "factory", function->call, function->data.get());
    check_answer(call);
    return std::move(call.session);
  };
}

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

runhook_session_creator* runhook_session_creator_create(const runhook_function* create_function,
                                                        runhook_error** error) {
  std::shared_ptr<CFunction> function;
  if (accept_function(create_function, function, error) != RUNHOOK_OK) return nullptr;
  return guarded_handle(error, [&] {
    return create<runhook_session_creator>(std::make_shared<FunctionSessionCreator>(
        [function](const CreationContext& context) { return call_creator(*function, context); }));
  });
}

runhook_session_creator* runhook_chief_session_creator_create(const runhook_function* factory,
                                                              runhook_scaffold* scaffold, runhook_error** error) {
  std::shared_ptr<CFunction> function;
  if (accept_function(factory, function, error) != RUNHOOK_OK) return nullptr;
  return guarded_handle(error, [&] {
    return create<runhook_session_creator>(
        std::make_shared<ChiefSessionCreator>(factory_from(std::move(function)), scaffold_or_null(scaffold)));
  });
}

runhook_session_creator* runhook_worker_session_creator_create(const runhook_function* factory,
                                                               runhook_scaffold* scaffold, int64_t max_wait_ns,
                                                               int64_t poll_ns, runhook_error** error) {
  std::shared_ptr<CFunction> function;
  if (accept_function(factory, function, error) != RUNHOOK_OK) return nullptr;
  return guarded_handle(error, [&] {
    return create<runhook_session_creator>(std::make_shared<WorkerSessionCreator>(
        factory_from(std::move(function)), scaffold_or_null(scaffold), max_wait_ns, poll_ns));
  });
}

runhook_session_creator* runhook_graph_session_creator_create(runhook_graph* graph, runhook_scaffold* scaffold,
                                                              runhook_error** error) {
  return guarded_handle(error, [&] {
    return create<runhook_session_creator>(std::make_shared<ChiefSessionCreator>(
        [kept = require(graph).graph] { return new_graph_session(kept); }, scaffold_or_null(scaffold)));
  });
}

void runhook_session_creator_destroy(runhook_session_creator* creator) { capi::destroy(creator); }
