// What is behind a stop flag.
#ifndef RUNHOOK_CAPI_STOP_FLAG_HANDLE_HPP_
#define RUNHOOK_CAPI_STOP_FLAG_HANDLE_HPP_

#include <utility>

#include "handle_box.hpp"
#include "runhook/stop_flag.hpp"
#include "stop_handle.hpp"

namespace runhook::capi {

struct StopFlagBox final : Boxed {
  explicit StopFlagBox(StopFlag its_flag) : flag(std::move(its_flag)), source(StopSource(flag.state())) {}
  const StopFlag flag;
  StopSourceBox source;  // keeps the texts of the reason
};
RUNHOOK_CAPI_BOX(runhook_stop_flag, StopFlagBox, stop_flag, "stop flag");

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_STOP_FLAG_HANDLE_HPP_
