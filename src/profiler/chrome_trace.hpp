// chrome_trace.hpp: recorded spans as the JSON that Perfetto and chrome://tracing open.
#ifndef RUNHOOK_SRC_PROFILER_CHROME_TRACE_HPP_
#define RUNHOOK_SRC_PROFILER_CHROME_TRACE_HPP_

#include <string>

#include "profiler/span_ring.hpp"

namespace runhook::inline v1 {
namespace detail {

std::string chrome_trace(const Trace& trace);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_PROFILER_CHROME_TRACE_HPP_
