#include "call/state_functions.hpp"

#include "boundary/c_call.hpp"
#include "handle/snapshot_handle.hpp"

namespace runhook::capi {

namespace {

constexpr std::size_t kSaverSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_saver_table, restore);
static_assert(offsetof(runhook_saver_table, user_data) == 8 && offsetof(runhook_saver_table, destroy) == 16 &&
                  offsetof(runhook_saver_table, save) == 24 && offsetof(runhook_saver_table, restore) == 32 &&
                  kSaverSizeV1_0 == 40,
              "the 1.0 prefix is frozen");

// Lends a snapshot to a callback.
class Lending {
 public:
  Lending(SaverCall& call, Snapshot& snapshot) : snapshot_(snapshot), box_(std::move(snapshot)) {
    call.snapshot = handle_.publish(box_);
  }
  Lending(const Lending&) = delete;
  Lending& operator=(const Lending&) = delete;
  ~Lending() {
    handle_.retire();
    snapshot_ = std::move(box_.snapshot);
  }

 private:
  Snapshot& snapshot_;
  SnapshotBox box_;
  Lent<runhook_snapshot> handle_;
};

}  // namespace

void StateFunctions::save(Session* session, Snapshot& snapshot) const {
  SaverCall context(session);
  context.global_step = snapshot.global_step;
  const Lending lending(context, snapshot);
  invoke_once(context, "save", save_, data_.get());
}

std::optional<std::int64_t> StateFunctions::restore(Session* session, Snapshot& snapshot) const {
  SaverCall context(session);
  context.restoring = true;
  const Lending lending(context, snapshot);
  invoke_once(context, "restore", restore_, data_.get());
  return context.restored_step;
}

runhook_status accept_state_functions(const runhook_saver_table* given, std::shared_ptr<StateFunctions>& functions,
                                      runhook_error** error) noexcept {
  runhook_saver_table copy{};
  UserData owner;
  if (const auto status = accept_table(given, kSaverSizeV1_0, copy, owner, error); status != RUNHOOK_OK) return status;
  return guarded(error, [&] {
    if (copy.save == nullptr) throw StatusError(StatusCode::invalid_argument, "save is NULL");
    if (copy.restore == nullptr) throw StatusError(StatusCode::invalid_argument, "restore is NULL");
    functions = std::make_shared<StateFunctions>(copy, std::move(owner));
  });
}

}  // namespace runhook::capi
