#include "profiler/chrome_trace.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "base/format.hpp"
#include "base/monotonic.hpp"
#include "output/json_text.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

// Tracks that are no threads are numbered from here on, above the numbers that Linux gives to threads.
constexpr std::uint64_t kFirstTrack = std::uint64_t{1} << 22;

// Microseconds, which the format requires, with the nanoseconds as decimals.
std::string us(std::int64_t ns) {
  const std::uint64_t size = ns < 0 ? ~static_cast<std::uint64_t>(ns) + 1 : static_cast<std::uint64_t>(ns);
  return fmt::format("{}{}.{:03}", ns < 0 ? "-" : "", size / 1000, size % 1000);
}

// What an engine tells of its nodes may be any numbers.
std::int64_t duration_ns(const SpanRecord& span) noexcept { return saturating_distance(span.begin_ns, span.end_ns); }

// Times are told from here on: a reader that takes them for doubles would have those of a machine that has been up for
// months without their nanoseconds.
std::int64_t first_ns(const Trace& trace) noexcept {
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  for (const SpanRecord& span : trace.spans) {
    if (span.kind != SpanKind::node) first = std::min(first, span.begin_ns);
  }
  return first != std::numeric_limits<std::int64_t>::max() ? first : trace.error_ns;
}

// Where the error has struck: at the end of what failed last, as far as that was recorded. What is made of parts fails
// with one of them; on_error, the closing of the session and cleanup come after the failure.
struct TracePlace {
  std::int64_t time_ns;
  std::uint64_t thread;
};

TracePlace place_of_error(const Trace& trace) noexcept {
  TracePlace place{trace.error_ns, trace.spans.empty() ? 0 : trace.spans.back().thread};
  for (auto span = trace.spans.rbegin(); span != trace.spans.rend(); ++span) {
    switch (span->kind) {
      case SpanKind::attempt:
      case SpanKind::recovery:
        if (!span->failed) return place;
        break;
      case SpanKind::on_error:
        place = {span->begin_ns, span->thread};
        break;
      case SpanKind::close_session:
      case SpanKind::cleanup:
        break;
      default:
        if (span->failed) return {span->end_ns, span->thread};
    }
  }
  return place;
}

// Assigns tracks to the nodes of one run of the session: events on one track must be nested or must not overlap.
class Tracks {
 public:
  // 0: the thread's own.
  std::size_t place(const SpanRecord& node, const SpanRecord& run) {
    const bool within = node.begin_ns >= run.begin_ns && node.end_ns <= run.end_ns;
    for (std::size_t track = within ? 0 : 1;; ++track) {
      if (track >= open_.size()) open_.resize(track + 1);
      std::vector<std::int64_t>& ends = open_[track];
      while (!ends.empty() && ends.back() <= node.begin_ns) ends.pop_back();
      if (!ends.empty() && ends.back() < node.end_ns) continue;
      ends.push_back(node.end_ns);
      most_ = std::max(most_, track);
      return track;
    }
  }
  std::size_t most() const noexcept { return most_; }
  void next_run() noexcept { open_.clear(); }

 private:
  std::vector<std::vector<std::int64_t>> open_;  // for each track, when the events that are open there end
  std::size_t most_ = 0;
};

// What the time of an attempt is spent on.
struct Spent {
  std::int64_t hooks = 0;
  std::int64_t session = 0;
};

class Writer {
 public:
  explicit Writer(const Trace& trace) : trace_(trace), pid_(getpid()), first_ns_(first_ns(trace)) {}

  std::string write() {
    // Not "ms", with which viewers tell times apart by microseconds and nest a callback in the one before it.
    text_ = R"({"displayTimeUnit":"ns","traceEvents":[)";
    metadata("process_name", 0, "runhook");
    for (const auto& [thread, name] : trace_.threads) metadata("thread_name", thread, name);
    for (const SpanRecord& span : trace_.spans) add(span);
    if (trace_.error) add_error(place_of_error(trace_));
    write_events();
    for (std::size_t track = 1; track <= tracks_.most(); ++track) {
      metadata("thread_name", kFirstTrack + track, fmt::format("nodes ({})", track));
    }
    append_format(text_, R"(],"otherData":{{"begin_ns":{},"spans_dropped":{}}}}})", first_ns_, trace_.dropped);
    return std::move(text_);
  }

 private:
  void separate() {
    if (text_.back() != '[') text_ += ",\n";
  }
  void metadata(std::string_view what, std::uint64_t track, std::string_view name) {
    separate();
    append_format(text_, R"({{"ph":"M","name":"{}","pid":{},"tid":{},"args":{{"name":{}}}}})", what, pid_, track,
                  json_string(name));
  }

  void add(const SpanRecord& span) {
    switch (span.kind) {
      case SpanKind::node:
        nodes_.push_back(span);  // placed once the span around them is known
        return;
      case SpanKind::session_run:
        place_nodes(span);
        spent_.session += duration_ns(span);
        break;
      case SpanKind::attempt:
        counter(span);
        break;
      case SpanKind::before_run:
      case SpanKind::after_run:
      case SpanKind::on_error:
        spent_.hooks += duration_ns(span);
        break;
      default:
        break;
    }
    event(span, span.thread);
  }

  void place_nodes(const SpanRecord& run) {
    std::sort(nodes_.begin(), nodes_.end(), [](const SpanRecord& a, const SpanRecord& b) {
      return a.begin_ns != b.begin_ns ? a.begin_ns < b.begin_ns : a.end_ns > b.end_ns;
    });
    tracks_.next_run();
    for (const SpanRecord& node : nodes_) {
      const std::size_t track = tracks_.place(node, run);
      event(node, track == 0 ? node.thread : kFirstTrack + track);
    }
    nodes_.clear();
  }

  std::string ts(std::int64_t time_ns) const { return us(saturating_distance(first_ns_, time_ns)); }

  std::string title(const SpanRecord& span) const {
    const std::string& name = trace_.names[span.name];
    if (span.kind == SpanKind::node) return name;
    if (span.kind == SpanKind::attempt) return fmt::format("step {}", span.step);
    if (name.empty()) return std::string(span_kind_name(span.kind));
    return fmt::format("{} {}", span_kind_name(span.kind), name);
  }

  void event(const SpanRecord& span, std::uint64_t track) {
    std::string& text = text_of(span.begin_ns, span.end_ns);
    append_format(text, R"({{"ph":"X","name":{},"cat":"{}","ts":{},"dur":{},"pid":{},"tid":{},"args":{{"step":{})",
                  json_string(title(span)), span_kind_name(span.kind), ts(span.begin_ns), us(duration_ns(span)), pid_,
                  track, span.step);
    if (span.attempt > 1) append_format(text, R"(,"attempt":{})", span.attempt);
    text += span.failed ? R"(,"failed":true},"cname":"terrible"})" : "}}";
  }

  // After all else that there is at this time.
  void add_error(const TracePlace& place) {
    const Error& error = trace_.error;
    std::string& text = text_of(place.time_ns, std::numeric_limits<std::int64_t>::min());
    append_format(text,
                  R"({{"ph":"i","s":"g","name":"{0}","cat":"error","ts":{1},"pid":{2},"tid":{3},"cname":"terrible",)"
                  R"("args":{{"code":"{0}","message":{4},"hook":{5},"callback":{6},"step":{7}}}}})",
                  status_name(error.code()), ts(place.time_ns), pid_, place.thread, json_string(error.message()),
                  json_string(error.hook()), json_string(error.callback()), error.step());
  }

  // The text of a new event.
  std::string& text_of(std::int64_t begin_ns, std::int64_t end_ns) {
    return events_.emplace(std::pair(begin_ns, ~end_ns), std::string())->second;
  }
  void write_events() {
    for (const auto& [times, text] : events_) {
      separate();
      text_ += text;
    }
  }

  void counter(const SpanRecord& attempt) {
    const std::int64_t other = std::max<std::int64_t>(duration_ns(attempt) - spent_.hooks - spent_.session, 0);
    std::string& text = text_of(attempt.begin_ns, attempt.end_ns);
    append_format(text,
                  R"({{"ph":"C","name":"us of a step","ts":{},"pid":{},)"
                  R"("args":{{"hooks":{},"session":{},"loop":{}}}}})",
                  ts(attempt.begin_ns), pid_, us(spent_.hooks), us(spent_.session), us(other));
    spent_ = {};
  }

  const Trace& trace_;
  const int pid_;
  const std::int64_t first_ns_;
  // By begin, then by end backwards: readers nest an event in the one before it, so what lasts longest comes first of
  // those that begin together.
  std::multimap<std::pair<std::int64_t, std::int64_t>, std::string> events_;
  std::string text_;
  std::vector<SpanRecord> nodes_;
  Tracks tracks_;
  Spent spent_;
};

}  // namespace

std::string chrome_trace(const Trace& trace) { return Writer(trace).write(); }

}  // namespace detail
}  // namespace runhook::inline v1
