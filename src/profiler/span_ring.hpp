// span_ring.hpp: the last spans, kept without taking memory for each.
#ifndef RUNHOOK_SRC_PROFILER_SPAN_RING_HPP_
#define RUNHOOK_SRC_PROFILER_SPAN_RING_HPP_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runhook/error.hpp"
#include "runhook/span.hpp"

namespace runhook::inline v1 {
namespace detail {

struct SpanRecord {
  std::int64_t begin_ns;
  std::int64_t end_ns;
  std::int64_t step;
  std::int64_t attempt;
  std::uint64_t thread;
  std::uint32_t name;  // index into Trace::names
  SpanKind kind;
  bool failed;
};

// What was recorded, in the order in which it was told.
struct Trace {
  std::vector<SpanRecord> spans;
  std::vector<std::string> names;
  std::vector<std::pair<std::uint64_t, std::string>> threads;
  std::uint64_t dropped = 0;  // how many older spans have been overwritten
  Error error;                // what it all ended with, if with one
  std::int64_t error_ns = 0;  // when that became known
};

class SpanRing {
 public:
  explicit SpanRing(std::size_t capacity);

  void add(const Span& span) noexcept;  // called by the thread that the span is of
  void clear() noexcept;
  // The spans that began at this time or later. Any thread.
  Trace copy(std::int64_t from_ns = std::numeric_limits<std::int64_t>::min()) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
  };
  std::uint32_t index_of(std::string_view name) noexcept;
  void note_thread(std::uint64_t thread) noexcept;

  mutable std::mutex mutex_;
  std::vector<SpanRecord> records_;
  std::uint64_t added_ = 0;
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> indices_;
  std::vector<std::pair<std::uint64_t, std::string>> threads_;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_PROFILER_SPAN_RING_HPP_
