// runhook/span.hpp: what a session did from when to when, for those who want to be told.
#ifndef RUNHOOK_SPAN_HPP_
#define RUNHOOK_SPAN_HPP_

#include <cstdint>
#include <string_view>

namespace runhook::inline v1 {

enum class SpanKind : std::int32_t {
  attempt = 0,      // one try of a run, from its first callback to its last
  before_run = 1,   // this callback of one hook; likewise the following ones
  session_run = 2,  // the session executing the step
  after_run = 3,
  on_error = 4,
  begin = 5,
  after_create_session = 6,
  end = 7,
  cleanup = 8,
  create_session = 9,  // by the session creator, without the hooks
  close_session = 10,  // joining threads and closing the session
  recovery = 11,       // from the failure to the new session, or until the recovery has failed
  back_off = 12,       // the waiting within a recovery
  save = 13,           // that was asked for by request_save()
  node = 14,           // of the session's own, if the trace level is above none: see RunMetadata
};

// The kind as a word, e.g. "session_run"; NUL-terminated. Since 1.0.
std::string_view span_kind_name(SpanKind kind) noexcept;

// Something that the session has done, with its times: nanoseconds of the machine's monotonic clock, whatever clock the
// session was given. Since 1.0.
struct Span {
  SpanKind kind = SpanKind::attempt;
  bool failed = false;    // it ended with an error; always false for nodes
  std::string_view name;  // of the hook or the node; otherwise empty. Valid during on_span()
  std::int64_t begin_ns = 0;
  std::int64_t end_ns = 0;
  std::int64_t step = 0;     // global step when it began; for an attempt's parts, when the attempt began
  std::int64_t attempt = 1;  // number of the try within the run; 1 outside of runs
  std::uint64_t thread = 0;  // the system's number of the thread that did it
};

// Is told what a session does: see SessionRunHook::span_listener(). Since 1.0.
class SpanListener {
 public:
  virtual ~SpanListener() = default;
  // Called on the session's thread: for an attempt and its parts when the attempt is over, for all else when that is
  // over. Parts come before what they are part of.
  virtual void on_span(const Span& span) noexcept = 0;
  // Whether it is told of attempts in which its hook is not due, too: of those that the session measures anyway, which
  // are a sample at any speed, and of every one while a step takes 20 us or more on average. For what it is told the
  // other steps pay nothing. Not of runs that leave the hook out.
  virtual bool wants_samples() const noexcept { return false; }
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_SPAN_HPP_
