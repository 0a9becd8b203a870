// A log of C's as a LogSink.
#ifndef RUNHOOK_CAPI_BOUNDARY_LOG_TABLE_HPP_
#define RUNHOOK_CAPI_BOUNDARY_LOG_TABLE_HPP_

#include "boundary/table.hpp"
#include "runhook/config.h"
#include "runhook/log.hpp"

namespace runhook::capi {

// Takes a log over, as accept_table() does, and sets `sink`. NULL is a log, too: an empty sink.
runhook_status accept_log(const runhook_log* given, LogSink& sink, runhook_error** out) noexcept;

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_BOUNDARY_LOG_TABLE_HPP_
