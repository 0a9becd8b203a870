// runhook/run_args.hpp: SessionRunArgs, RunOptions, RunMetadata and SessionRunValues.
#ifndef RUNHOOK_RUN_ARGS_HPP_
#define RUNHOOK_RUN_ARGS_HPP_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "runhook/fetches.hpp"
#include "runhook/value.hpp"

namespace runhook::inline v1 {

enum class TraceLevel : std::int32_t { none = 0, software = 1, hardware = 2, full = 3 };

// Which hooks take part in a run. Recovery applies in any case.
enum class HookSelection : std::int32_t { all = 0, none = 1, named = 2 };

// Options of one run. Those of the caller and of the hooks are merged into a copy, in the order of the hooks:
//  - trace_level is the highest that is asked for.
//  - timeout_ns is the longest that anyone has set. Not set is neutral: a hook may impose a time-out where the caller
//    sets none, and one that asks for something else leaves the caller's alone. For ever is the longest, merged to -1.
//  - Watches are appended.
//  - Engine options are united; two values for one key are an error. A flag of the engine is set if anyone sets it.
// `hooks` and `hook_names` are those of the caller. Since 1.0.
struct RunOptions {
  TraceLevel trace_level = TraceLevel::none;
  std::int64_t timeout_ns = 0;  // 0: not set; negative: for ever. Where nobody sets one there is no limit
  std::vector<std::string> watches;
  std::vector<std::pair<std::string, std::string>> engine;  // key and value, for the session
  std::vector<std::string> engine_flags;                    // those that are set, for the session
  HookSelection hooks = HookSelection::all;
  std::vector<std::string> hook_names;  // with HookSelection::named

  bool operator==(const RunOptions&) const = default;
  bool is_default() const noexcept {
    return trace_level == TraceLevel::none && timeout_ns == 0 && watches.empty() && engine.empty() &&
           engine_flags.empty() && hooks == HookSelection::all && hook_names.empty();
  }
};

struct Feed {
  std::string name;
  Value value;
};

// What a caller, or a hook in before_run, asks of a run. Since 1.0.
struct SessionRunArgs {
  Fetches fetches = {};
  std::vector<Feed> feeds = {};
  RunOptions options = {};
  bool asks_for_nothing() const noexcept;
};

// Args that ask for nothing. The loop recognises them by their address.
extern const SessionRunArgs no_args;

inline bool SessionRunArgs::asks_for_nothing() const noexcept {
  return this == &no_args || (feeds.empty() && fetches.same_object(no_args.fetches) && options.is_default());
}

// When a node of the session ran, in nanoseconds of the machine's monotonic clock.
struct NodeStats {
  std::string node;
  std::int64_t start_ns = 0;
  std::int64_t end_ns = 0;
};

// What a session reports about a run. Filled if trace_level is above none.
struct RunMetadata {
  std::vector<NodeStats> nodes;
};

// What a hook gets in after_run. Since 1.0.
class SessionRunValues {
 public:
  SessionRunValues(const Results& results, const RunOptions& options, const RunMetadata& metadata) noexcept
      : results_(results), options_(options), metadata_(metadata) {}
  const Results& results() const noexcept { return results_; }        // this hook's, in the shape it asked for
  const RunOptions& options() const noexcept { return options_; }     // merged, the same for all hooks
  const RunMetadata& metadata() const noexcept { return metadata_; }  // the same for all hooks

 private:
  const Results& results_;
  const RunOptions& options_;
  const RunMetadata& metadata_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_RUN_ARGS_HPP_
