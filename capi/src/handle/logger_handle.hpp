// What is behind a runhook_logger.
#ifndef RUNHOOK_CAPI_HANDLE_LOGGER_HANDLE_HPP_
#define RUNHOOK_CAPI_HANDLE_LOGGER_HANDLE_HPP_

#include <utility>

#include "boundary/handle_box.hpp"
#include "runhook/types.h"
#include "runhook/value_logger.hpp"

namespace runhook::capi {

struct LoggerBox final : Boxed {
  explicit LoggerBox(ValueLogger its_logger) noexcept : logger(std::move(its_logger)) {}
  const ValueLogger logger;
};
RUNHOOK_CAPI_BOX(runhook_logger, LoggerBox, logger);

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_HANDLE_LOGGER_HANDLE_HPP_
