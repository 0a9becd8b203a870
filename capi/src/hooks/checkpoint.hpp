// The hook that saves a run, as its options in C describe it.
#ifndef RUNHOOK_CAPI_HOOKS_CHECKPOINT_HPP_
#define RUNHOOK_CAPI_HOOKS_CHECKPOINT_HPP_

#include <memory>
#include <string>

#include "call/state_functions.hpp"
#include "runhook/checkpoint.h"
#include "runhook/hooks/checkpoint_saver.hpp"

namespace runhook::capi {

class CheckpointRequest {
 public:
  // Takes over the tables in the options. If that fails ok() is false, and `error` says why.
  CheckpointRequest(const runhook_checkpoint_options* options, runhook_error** error);
  bool ok() const noexcept { return ok_; }
  // `preset_directory`: if the options have none. Throws INVALID_ARGUMENT, UNIMPLEMENTED.
  HookRegistration make(const std::string& preset_directory = {}) const;

 private:
  runhook_checkpoint_options options_{};
  std::shared_ptr<CheckpointSaverListener> listener_;
  std::shared_ptr<StateFunctions> state_;
  bool ok_ = false;
};

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_HOOKS_CHECKPOINT_HPP_
