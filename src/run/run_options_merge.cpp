#include "run/run_options_merge.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/format.hpp"
#include "runhook/error.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

// The longer one of two time-outs; negative is for ever, 0 is not set.
std::int64_t longer_timeout(std::int64_t one, std::int64_t other) noexcept {
  return one < 0 || other < 0 ? -1 : std::max(one, other);
}

}  // namespace

void OptionsMerge::clear_slowly() noexcept {
  started_ = false;
  merged_.trace_level = TraceLevel::none;
  merged_.timeout_ns = 0;
  merged_.watches.clear();
  merged_.engine.clear();
  merged_.engine_flags.clear();
  merged_.hooks = HookSelection::all;
  merged_.hook_names.clear();
  engine_requesters_.clear();
}

void OptionsMerge::start(const RunOptions& options, std::string_view requester) {
  clear_slowly();
  started_ = true;
  merged_.trace_level = options.trace_level;
  merged_.timeout_ns = longer_timeout(0, options.timeout_ns);
  merged_.watches = options.watches;
  merged_.hooks = options.hooks;
  merged_.hook_names = options.hook_names;
  unite_engine(options, requester);
}

void OptionsMerge::add(const RunOptions& from, std::string_view requester) {
  if (!started_) {
    start(RunOptions(), {});
  }
  if (from.is_default()) return;
  const std::size_t watches = merged_.watches.size();
  merged_.watches.insert(merged_.watches.end(), from.watches.begin(), from.watches.end());
  try {
    unite_engine(from, requester);
  } catch (...) {
    merged_.watches.resize(watches);
    throw;
  }
  merged_.trace_level = std::max(merged_.trace_level, from.trace_level);
  merged_.timeout_ns = longer_timeout(merged_.timeout_ns, from.timeout_ns);
}

void OptionsMerge::unite_engine(const RunOptions& from, std::string_view requester) {
  const std::size_t before = merged_.engine.size();
  const std::size_t flags_before = merged_.engine_flags.size();
  try {
    for (const std::string& flag : from.engine_flags) {
      auto& flags = merged_.engine_flags;
      if (std::find(flags.begin(), flags.end(), flag) == flags.end()) flags.push_back(flag);
    }
    for (const auto& [key, value] : from.engine) {
      const auto same_key = [&key = key](const auto& entry) { return entry.first == key; };
      const auto found = std::find_if(merged_.engine.begin(), merged_.engine.end(), same_key);
      if (found == merged_.engine.end()) {
        engine_requesters_.emplace_back(requester);
        merged_.engine.emplace_back(key, value);
      } else if (found->second != value) {
        const std::string& first = engine_requesters_[static_cast<std::size_t>(found - merged_.engine.begin())];
        throw StatusError(StatusCode::invalid_argument,
                          fmt::format("engine option '{}' is set to '{}' by {} and to '{}' by {}", key, found->second,
                                      first, value, requester));
      }
    }
  } catch (...) {
    merged_.engine.resize(before);
    merged_.engine_flags.resize(flags_before);
    engine_requesters_.resize(before);
    throw;
  }
}

}  // namespace detail
}  // namespace runhook::inline v1
