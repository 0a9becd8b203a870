// What is behind a stop flag.
#ifndef RUNHOOK_CAPI_HANDLE_STOP_FLAG_HANDLE_HPP_
#define RUNHOOK_CAPI_HANDLE_STOP_FLAG_HANDLE_HPP_

#include <utility>

#include "boundary/handle_box.hpp"
#include "handle/stop_handle.hpp"
#include "runhook/stop_flag.hpp"

namespace runhook::capi {

struct StopFlagBox final : Boxed {
  explicit StopFlagBox(StopFlag its_flag) : flag(std::move(its_flag)), source(StopSource(flag.state())) {}
  const StopFlag flag;
  StopSourceBox source;  // keeps the texts of the reason
};
RUNHOOK_CAPI_BOX(runhook_stop_flag, StopFlagBox, stop_flag);

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_HANDLE_STOP_FLAG_HANDLE_HPP_
