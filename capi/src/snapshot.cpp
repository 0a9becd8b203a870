#include "runhook/snapshot.h"

#include <algorithm>

#include "boundary/c_call.hpp"
#include "boundary/exception_guard.hpp"
#include "boundary/table.hpp"
#include "boundary/text.hpp"
#include "handle/session_lookup.hpp"
#include "handle/snapshot_handle.hpp"
#include "handle/value_handle.hpp"

using runhook::MemorySaver;
using runhook::Saver;
using runhook::Session;
using runhook::Snapshot;
using runhook::StatusCode;
using runhook::StatusError;
using runhook::Value;
using namespace runhook::capi;  // NOLINT: this file implements the C functions in terms of it

namespace {

constexpr std::size_t kSaverSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_saver_table, restore);
static_assert(offsetof(runhook_saver_table, user_data) == 8 && offsetof(runhook_saver_table, destroy) == 16 &&
                  offsetof(runhook_saver_table, save) == 24 && offsetof(runhook_saver_table, restore) == 32 &&
                  kSaverSizeV1_0 == 40,
              "the 1.0 prefix is frozen");

class CSaver final : public Saver {
 public:
  CSaver(const runhook_saver_table& table, UserData owner) noexcept
      : save_(table.save), restore_(table.restore), data_(std::move(owner)) {}

  void save(Session& session, const Snapshot& run) override {
    SaverCall context(session);
    context.global_step = run.global_step;
    invoke_once(context, "save", save_, data_.get());
  }

  std::optional<Snapshot> restore(Session& session) override {
    SaverCall context(session);
    context.restoring = true;
    invoke_once(context, "restore", restore_, data_.get());
    if (!context.restored_step) return std::nullopt;
    return Snapshot{*context.restored_step};
  }

 private:
  const runhook_callback save_;
  const runhook_callback restore_;
  const UserData data_;
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
    auto& variables = box->snapshot.variables;
    const auto target = required_text(name, "the name");
    if (target.empty()) throw StatusError(StatusCode::invalid_argument, "the name is empty");
    Value shared = from_handle(value);
    const auto found = std::find_if(variables.begin(), variables.end(),
                                    [&](const auto& variable) { return variable.first == target; });
    if (found != variables.end()) {
      found->second = std::move(shared);
    } else {
      variables.emplace_back(target, std::move(shared));
    }
  });
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
  runhook_saver_table copy{};
  UserData owner;
  if (accept_table(table, kSaverSizeV1_0, copy, owner, error) != RUNHOOK_OK) return nullptr;
  return guarded_handle(error, [&] {
    if (copy.save == nullptr) throw StatusError(StatusCode::invalid_argument, "save is NULL");
    if (copy.restore == nullptr) throw StatusError(StatusCode::invalid_argument, "restore is NULL");
    return create<runhook_saver>(std::make_shared<CSaver>(copy, std::move(owner)));
  });
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
