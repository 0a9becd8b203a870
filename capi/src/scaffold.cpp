#include "runhook/scaffold.h"

#include "boundary/c_call.hpp"
#include "boundary/exception_guard.hpp"
#include "boundary/table.hpp"
#include "handle/run_args_handle.hpp"
#include "handle/scaffold_handle.hpp"
#include "handle/session_lookup.hpp"
#include "handle/snapshot_handle.hpp"
#include "runhook/scaffold.hpp"

namespace runhook::capi {

std::shared_ptr<Scaffold> scaffold_or_null(const runhook_scaffold* handle) {
  return handle != nullptr ? require(handle).scaffold : nullptr;
}

namespace {

const char* name_of_piece(std::int32_t piece) {
  switch (piece) {
    case RUNHOOK_PIECE_INIT_OP:
      return "init_op";
    case RUNHOOK_PIECE_INIT_FN:
      return "init_fn";
    case RUNHOOK_PIECE_READY_OP:
      return "ready_op";
    case RUNHOOK_PIECE_READY_FOR_LOCAL_INIT_OP:
      return "ready_for_local_init_op";
    case RUNHOOK_PIECE_LOCAL_INIT_OP:
      return "local_init_op";
    default:
      throw StatusError(StatusCode::invalid_argument, "not a piece of a scaffold");
  }
}

bool is_readiness(std::int32_t piece) noexcept {
  return piece == RUNHOOK_PIECE_READY_OP || piece == RUNHOOK_PIECE_READY_FOR_LOCAL_INIT_OP;
}

void set_op(Scaffold& scaffold, std::int32_t piece, Scaffold::Op op) {
  switch (piece) {
    case RUNHOOK_PIECE_INIT_OP:
      scaffold.init_op = std::move(op);
      break;
    case RUNHOOK_PIECE_LOCAL_INIT_OP:
      scaffold.local_init_op = std::move(op);
      break;
    default:
      scaffold.init_fn = [op = std::move(op)](const Scaffold&, Session& session) { op(session); };
      break;
  }
}

void set_probe(Scaffold& scaffold, std::int32_t piece, Scaffold::Probe probe) {
  (piece == RUNHOOK_PIECE_READY_OP ? scaffold.ready_op : scaffold.ready_for_local_init_op) = std::move(probe);
}

// Shared, since a piece that is replaced may have a destroy function that destroys the handle.
std::shared_ptr<Scaffold> require_open(const runhook_scaffold* handle) {
  auto scaffold = require(handle).scaffold;
  if (scaffold->finalized()) throw StatusError(StatusCode::failed_precondition, "the scaffold is finalized");
  return scaffold;
}

[[noreturn]] void throw_missing(const std::vector<std::string>& missing) {
  std::string text = "missing: ";
  for (const std::string& name : missing) {
    if (&name != &missing.front()) text += ", ";
    text += name;
  }
  throw StatusError(StatusCode::failed_precondition, text);
}

[[noreturn]] void throw_not_there(std::int32_t piece) {
  throw StatusError(StatusCode::not_found, std::string("the scaffold has no ") + name_of_piece(piece));
}

void run_piece(const Scaffold& scaffold, std::int32_t piece, Session& session) {
  if (is_readiness(piece)) {
    const Scaffold::Probe probe =
        piece == RUNHOOK_PIECE_READY_OP ? scaffold.ready_op : scaffold.ready_for_local_init_op;
    if (!probe) throw_not_there(piece);
    if (const auto missing = probe(session); !missing.empty()) throw_missing(missing);
  } else if (piece == RUNHOOK_PIECE_INIT_FN) {
    const Scaffold::InitFn init_fn = scaffold.init_fn;
    if (!init_fn) throw_not_there(piece);
    init_fn(scaffold, session);
  } else {
    const Scaffold::Op op = piece == RUNHOOK_PIECE_INIT_OP ? scaffold.init_op : scaffold.local_init_op;
    if (!op) throw_not_there(piece);
    op(session);
  }
}

bool has_piece(const Scaffold& scaffold, std::int32_t piece) {
  switch (piece) {
    case RUNHOOK_PIECE_INIT_OP:
      return static_cast<bool>(scaffold.init_op);
    case RUNHOOK_PIECE_INIT_FN:
      return static_cast<bool>(scaffold.init_fn);
    case RUNHOOK_PIECE_READY_OP:
      return static_cast<bool>(scaffold.ready_op);
    case RUNHOOK_PIECE_READY_FOR_LOCAL_INIT_OP:
      return static_cast<bool>(scaffold.ready_for_local_init_op);
    case RUNHOOK_PIECE_LOCAL_INIT_OP:
      return static_cast<bool>(scaffold.local_init_op);
    default:
      return false;
  }
}

}  // namespace

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

runhook_scaffold* runhook_scaffold_create(runhook_error** error) {
  return guarded_handle(error, [] { return create<runhook_scaffold>(); });
}

runhook_scaffold* runhook_scaffold_copy(const runhook_scaffold* source, runhook_error** error) {
  return guarded_handle(error, [&] {
    return create<runhook_scaffold>(
        std::make_shared<Scaffold>(Scaffold::copy_from(*require(source).scaffold, Scaffold())));
  });
}

void runhook_scaffold_destroy(runhook_scaffold* scaffold) { capi::destroy(scaffold); }

runhook_status runhook_scaffold_set(runhook_scaffold* scaffold, int32_t piece, const runhook_function* function,
                                    runhook_error** error) {
  std::shared_ptr<CFunction> shared;
  if (const auto status = accept_function(function, shared, error); status != RUNHOOK_OK) return status;
  return guarded(error, [&] {
    const auto target = require_open(scaffold);
    const char* const name = name_of_piece(piece);
    if (is_readiness(piece)) {
      set_probe(*target, piece, [shared, name](Session& session) {
        ScaffoldCall call(session, /*its_readiness=*/true);
        invoke_once(call, name, shared->call, shared->data.get());
        return std::move(call.missing);
      });
    } else {
      set_op(*target, piece, [shared, name](Session& session) {
        ScaffoldCall call(session, /*its_readiness=*/false);
        invoke_once(call, name, shared->call, shared->data.get());
      });
    }
  });
}

runhook_status runhook_scaffold_set_args(runhook_scaffold* scaffold, int32_t piece, const runhook_run_args* args,
                                         runhook_error** error) {
  return guarded(error, [&] {
    const auto target = require_open(scaffold);
    name_of_piece(piece);
    const SessionRunArgs& what = require(args).get();
    if (!is_readiness(piece)) {
      set_op(*target, piece, Scaffold::run_op(what));
      return;
    }
    const auto names = what.fetches.leaves();
    if (names.size() != 1 || !what.feeds.empty()) {
      throw StatusError(StatusCode::invalid_argument, "a readiness piece takes one fetch and no feeds");
    }
    set_probe(*target, piece, Scaffold::fetch_probe(names.front()));
  });
}

runhook_status runhook_scaffold_set_saver(runhook_scaffold* scaffold, runhook_saver* saver, runhook_error** error) {
  return guarded(error, [&] {
    const auto target = require(scaffold).scaffold;
    target->saver = require(saver).saver;
  });
}

int32_t runhook_scaffold_has(const runhook_scaffold* scaffold, int32_t piece) {
  const auto* box = find(scaffold);
  return box != nullptr && has_piece(*box->scaffold, piece) ? 1 : 0;
}

runhook_status runhook_scaffold_finalize(runhook_scaffold* scaffold, runhook_error** error) {
  return guarded(error, [&] { require(scaffold).scaffold->finalize(); });
}

runhook_status runhook_scaffold_run(runhook_scaffold* scaffold, int32_t piece, runhook_session* session,
                                    runhook_error** error) {
  return guarded(error, [&] {
    const auto shared = require(scaffold).scaffold;
    name_of_piece(piece);
    with_session(session, [&](Session& target) { run_piece(*shared, piece, target); });
  });
}
