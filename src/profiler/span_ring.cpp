#include "profiler/span_ring.hpp"

#include <pthread.h>

#include <algorithm>

namespace runhook::inline v1 {
namespace detail {

namespace {

// More names than this can only come from a session that makes up new ones all the time.
constexpr std::size_t kMostNames = 1 << 16;
constexpr std::size_t kMostThreads = 256;

}  // namespace

SpanRing::SpanRing(std::size_t capacity) : records_(capacity) { names_.emplace_back(); }

std::uint32_t SpanRing::index_of(std::string_view name) noexcept {
  if (name.empty()) return 0;
  if (const auto known = indices_.find(name); known != indices_.end()) return known->second;
  if (names_.size() >= kMostNames) return 0;
  try {
    const auto index = static_cast<std::uint32_t>(names_.size());
    names_.emplace_back(name);
    indices_.emplace(names_.back(), index);
    return index;
  } catch (...) {
    return 0;
  }
}

void SpanRing::note_thread(std::uint64_t thread) noexcept {
  const auto same = [thread](const auto& known) { return known.first == thread; };
  if (std::any_of(threads_.begin(), threads_.end(), same) || threads_.size() >= kMostThreads) return;
  char name[16] = "";
  pthread_getname_np(pthread_self(), name, sizeof name);
  try {
    threads_.emplace_back(thread, name);
  } catch (...) {  // NOLINT(bugprone-empty-catch): it goes without a name
  }
}

void SpanRing::add(const Span& span) noexcept {
  const std::lock_guard lock(mutex_);
  note_thread(span.thread);
  records_[added_ % records_.size()] = {span.begin_ns, span.end_ns,         span.step, span.attempt,
                                        span.thread,   index_of(span.name), span.kind, span.failed};
  ++added_;
}

void SpanRing::clear() noexcept {
  const std::lock_guard lock(mutex_);
  added_ = 0;
}

Trace SpanRing::copy(std::int64_t from_ns) const {
  Trace trace;
  const std::lock_guard lock(mutex_);
  trace.names = names_;
  trace.threads = threads_;
  const std::uint64_t kept = std::min<std::uint64_t>(added_, records_.size());
  trace.dropped = added_ - kept;
  for (std::uint64_t i = added_ - kept; i < added_; ++i) {
    const SpanRecord& record = records_[i % records_.size()];
    if (record.begin_ns >= from_ns) trace.spans.push_back(record);
  }
  return trace;
}

}  // namespace detail
}  // namespace runhook::inline v1
