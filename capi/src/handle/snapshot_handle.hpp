// What is behind a snapshot and a saver.
#ifndef RUNHOOK_CAPI_HANDLE_SNAPSHOT_HANDLE_HPP_
#define RUNHOOK_CAPI_HANDLE_SNAPSHOT_HANDLE_HPP_

#include <memory>
#include <utility>

#include "boundary/handle_box.hpp"
#include "runhook/snapshot.hpp"
#include "runhook/types.h"

namespace runhook::capi {

struct SnapshotBox final : Boxed {
  SnapshotBox() = default;
  explicit SnapshotBox(Snapshot its_snapshot) noexcept : snapshot(std::move(its_snapshot)) {}
  Snapshot snapshot;
};
RUNHOOK_CAPI_BOX(runhook_snapshot, SnapshotBox, snapshot);

struct SaverBox final : Boxed {
  explicit SaverBox(std::shared_ptr<Saver> its_saver) noexcept : saver(std::move(its_saver)) {}
  const std::shared_ptr<Saver> saver;
};
RUNHOOK_CAPI_BOX(runhook_saver, SaverBox, saver);

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_HANDLE_SNAPSHOT_HANDLE_HPP_
