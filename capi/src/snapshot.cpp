#include "runhook/snapshot.h"

#include <string>

#include "boundary/exception_guard.hpp"
#include "boundary/text.hpp"
#include "call/state_functions.hpp"
#include "handle/session_lookup.hpp"
#include "handle/snapshot_handle.hpp"
#include "handle/value_handle.hpp"
#include "src/base/find_named.hpp"

using runhook::MemorySaver;
using runhook::Saver;
using runhook::Session;
using runhook::Snapshot;
using runhook::StatusCode;
using runhook::StatusError;
using runhook::Value;
using namespace runhook::capi;  // NOLINT: this file implements the C functions in terms of it

namespace {

class CSaver final : public Saver {
 public:
  explicit CSaver(std::shared_ptr<StateFunctions> functions) noexcept : functions_(std::move(functions)) {}

  void save(Session& session, const Snapshot& run) override {
    Snapshot beside = run;
    functions_->save(&session, beside);
  }
  std::optional<Snapshot> restore(Session& session) override {
    Snapshot beside;
    const std::optional<std::int64_t> step = functions_->restore(&session, beside);
    if (!step) return std::nullopt;
    beside.global_step = *step;
    return beside;
  }

 private:
  const std::shared_ptr<StateFunctions> functions_;
};

const std::pair<std::string, Value>* variable_at(const runhook_snapshot* snapshot, size_t index) noexcept {
  const auto* box = find(snapshot);
  return box != nullptr && index < box->snapshot.variables.size() ? &box->snapshot.variables[index] : nullptr;
}

runhook_value* lend_value(const Value& value) noexcept {
  return guarded_value<runhook_value*>(nullptr, [&] { return to_handle(value); });
}

}  // namespace

runhook_snapshot* runhook_snapshot_create(runhook_error** error) {
  return guarded_handle(error, [] { return create<runhook_snapshot>(); });
}

void runhook_snapshot_destroy(runhook_snapshot* snapshot) { destroy(snapshot); }

size_t runhook_snapshot_count(const runhook_snapshot* snapshot) {
  const auto* box = find(snapshot);
  return box != nullptr ? box->snapshot.variables.size() : 0;
}

const char* runhook_snapshot_name_at(const runhook_snapshot* snapshot, size_t index) {
  const auto* variable = variable_at(snapshot, index);
  return variable != nullptr ? variable->first.c_str() : nullptr;
}

runhook_value* runhook_snapshot_value_at(runhook_snapshot* snapshot, size_t index) {
  const auto* variable = variable_at(snapshot, index);
  return variable != nullptr ? lend_value(variable->second) : nullptr;
}

runhook_value* runhook_snapshot_find(runhook_snapshot* snapshot, const char* name) {
  const auto* box = find(snapshot);
  if (box == nullptr || name == nullptr) return nullptr;
  const Value* value = box->snapshot.find(name);
  return value != nullptr ? lend_value(*value) : nullptr;
}

runhook_status runhook_snapshot_set(runhook_snapshot* snapshot, const char* name, runhook_value* value,
                                    runhook_error** error) {
  return guarded(error, [&] {
    const Pinned<runhook_snapshot> box(&require_unpinned(snapshot));
    const auto target = required_text(name, "the name");
    if (target.empty()) throw StatusError(StatusCode::invalid_argument, "the name is empty");
    box->snapshot.set(target, from_handle(value));
  });
}

runhook_status runhook_snapshot_set_array(runhook_snapshot* snapshot, const char* name, int32_t dtype, size_t rank,
                                          const int64_t* shape, const void* data, runhook_error** error) {
  return guarded(error, [&] {
    const Pinned<runhook_snapshot> box(&require_unpinned(snapshot));
    if (shape == nullptr && rank > 0) throw StatusError(StatusCode::invalid_argument, "shape is NULL");
    if (rank > Value::kMaxRank) throw StatusError(StatusCode::invalid_argument, "the rank is too high");
    box->snapshot.set(required_text(name, "the name"), static_cast<runhook::DType>(dtype), {shape, rank}, data);
  });
}

runhook_status runhook_snapshot_copy_array(const runhook_snapshot* snapshot, const char* name, int32_t dtype,
                                           size_t count, void* data, runhook_error** error) {
  return guarded(error, [&] {
    const auto& box = require(snapshot);
    if (data == nullptr && count > 0) throw StatusError(StatusCode::invalid_argument, "data is NULL");
    box.snapshot.copy_to(required_text(name, "the name"), static_cast<runhook::DType>(dtype), count, data);
  });
}

runhook_status runhook_snapshot_set_state(runhook_snapshot* snapshot, const char* name, const void* data, size_t size,
                                          runhook_error** error) {
  return guarded(error, [&] {
    const Pinned<runhook_snapshot> box(&require_unpinned(snapshot));
    const std::string bytes(required_bytes(data, size));
    box->snapshot.set_state(required_text(name, "the name"), bytes);
  });
}

const void* runhook_snapshot_state(const runhook_snapshot* snapshot, const char* name, size_t* size) {
  const auto* box = find(snapshot);
  const std::string* const bytes = box != nullptr && name != nullptr ? box->snapshot.find_state(name) : nullptr;
  if (size != nullptr) *size = bytes != nullptr ? bytes->size() : 0;
  return bytes != nullptr ? bytes->data() : nullptr;
}

runhook_status runhook_snapshot_set_metric(runhook_snapshot* snapshot, const char* name, double number,
                                           runhook_error** error) {
  return guarded(error, [&] {
    const Pinned<runhook_snapshot> box(&require_unpinned(snapshot));
    box->snapshot.set_metric(required_text(name, "the name"), number);
  });
}

int32_t runhook_snapshot_metric(const runhook_snapshot* snapshot, const char* name, double* number) {
  const auto* box = find(snapshot);
  if (box == nullptr || name == nullptr) return 0;
  const double* const found = runhook::v1::detail::find_named(box->snapshot.metrics, name);
  if (found == nullptr) return 0;
  if (number != nullptr) *number = *found;
  return 1;
}

int64_t runhook_snapshot_global_step(const runhook_snapshot* snapshot) {
  const auto* box = find(snapshot);
  return box != nullptr ? box->snapshot.global_step : 0;
}

runhook_status runhook_snapshot_set_global_step(runhook_snapshot* snapshot, int64_t global_step,
                                                runhook_error** error) {
  return guarded(error, [&] { require_unpinned(snapshot).snapshot.global_step = global_step; });
}

runhook_saver* runhook_saver_create(const runhook_saver_table* table, runhook_error** error) {
  std::shared_ptr<StateFunctions> functions;
  if (accept_state_functions(table, functions, error) != RUNHOOK_OK) return nullptr;
  return guarded_handle(error, [&] { return create<runhook_saver>(std::make_shared<CSaver>(std::move(functions))); });
}

runhook_saver* runhook_memory_saver_create(runhook_error** error) {
  return guarded_handle(error, [] { return create<runhook_saver>(std::make_shared<MemorySaver>()); });
}

runhook_status runhook_saver_save(runhook_saver* saver, runhook_session* session, int64_t global_step,
                                  runhook_error** error) {
  return guarded(error, [&] {
    const auto kept = require(saver).saver;
    with_session(session, [&](Session& target) { kept->save(target, {global_step}); });
  });
}

runhook_status runhook_saver_restore(runhook_saver* saver, runhook_session* session, int32_t* restored,
                                     int64_t* global_step, runhook_error** error) {
  return guarded(error, [&] {
    const auto kept = require(saver).saver;
    std::optional<Snapshot> state;
    with_session(session, [&](Session& target) { state = kept->restore(target); });
    if (restored != nullptr) *restored = state ? 1 : 0;
    if (state && global_step != nullptr) *global_step = state->global_step;
  });
}

runhook_snapshot* runhook_memory_saver_latest(const runhook_saver* saver, runhook_error** error) {
  return guarded_handle(error, [&] {
    const auto* memory = dynamic_cast<const MemorySaver*>(require(saver).saver.get());
    if (memory == nullptr) throw StatusError(StatusCode::failed_precondition, "not a memory saver");
    auto latest = memory->latest();
    if (!latest) throw StatusError(StatusCode::not_found, "nothing has been saved");
    return create<runhook_snapshot>(std::move(*latest));
  });
}

int64_t runhook_memory_saver_save_count(const runhook_saver* saver) {
  const auto* box = find(saver);
  const auto* memory = box != nullptr ? dynamic_cast<const MemorySaver*>(box->saver.get()) : nullptr;
  return memory != nullptr ? guarded_value<int64_t>(0, [&] { return memory->save_count(); }) : 0;
}

void runhook_saver_destroy(runhook_saver* saver) { destroy(saver); }
