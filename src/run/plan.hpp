// The plan of a step: what caller and hooks ask for, merged, de-duplicated and resolved.
#ifndef RUNHOOK_SRC_RUN_PLAN_HPP_
#define RUNHOOK_SRC_RUN_PLAN_HPP_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runhook/run_args.hpp"
#include "runhook/session.hpp"

namespace runhook::inline v1 {
namespace detail {

// What one requester asks for in an attempt. Each request is compared at once with the one of the last attempt, so that
// asking for the same again costs string comparisons and nothing else.
struct HookRequest {
  enum class Form : std::uint8_t { none, keyed, tree };

  std::string requester;  // for messages, e.g. "hook 'loss'"
  SessionRunArgs args;    // fetches and feeds as of the last attempt in which it asked
  Results results;

  Form form = Form::none;          // of this attempt
  Form planned_form = Form::none;  // of the plan
  std::uint64_t attempt = 0;       // the last one in which it asked for anything
  std::size_t fetch_cursor = 0;    // how many keyed fetches it has asked for in this attempt
  std::size_t feed_cursor = 0;
  bool stale_fetches = false;  // args.fetches has to be made anew from `keyed`
  bool planned = false;        // part of the plan
  std::vector<std::pair<std::string, std::string>> keyed;
  std::vector<NodeId> feed_nodes;  // parallel to args.feeds
  std::vector<std::size_t> slots;  // leaf -> index into the plan's fetches

  const Fetches& fetches();
};

// What one requester has to do with a plan that is being made.
struct RequestDraft {
  Fetches fetches;
  Results results;
  std::vector<NodeId> feed_nodes;
  std::vector<std::size_t> slots;
};

// A plan that is being made. It takes the place of the old one only when all of it is there; what it is made of is used
// again for the next one.
struct PlanDraft {
  std::vector<std::string> caller_feed_names;
  std::vector<NodeId> caller_feed_nodes;
  std::vector<std::size_t> caller_slots;
  std::vector<NodeId> fetches;
  std::vector<Value> results;
  std::vector<HookRequest*> planned;
  std::vector<RequestDraft> requests;  // at least one for each in `planned`
  std::size_t global_step_slot = 0;

  std::size_t fetch_slot(NodeId node);
};

class Plan {
 public:
  // Sets the session, which may be NULL, and forgets which nodes names stand for.
  void set_session(Session* session);

  void begin_attempt() noexcept {
    ++attempt_;
    active_.clear();
  }
  // Begins a series of attempts, all with one number, in which nobody asks for anything.
  void begin_quiet_attempts() noexcept { ++attempt_; }
  void reserve(std::size_t requesters) { active_.reserve(requesters); }
  std::uint64_t attempt() const noexcept { return attempt_; }
  bool asked(const HookRequest& request) const noexcept { return request.attempt == attempt_; }
  void withdraw(HookRequest& request) noexcept;  // removes what it has asked for in this attempt
  void remove(HookRequest& request) noexcept;    // before the request is destroyed

  // All throw NOT_FOUND, ALREADY_EXISTS or INVALID_ARGUMENT.
  void add_fetch(HookRequest& request, std::string_view key, std::string_view name);
  void set_fetches(HookRequest& request, const Fetches& fetches);
  void add_feed(HookRequest& request, std::string_view name, Value value);

  // Merges the caller's args with the active requests. Does next to nothing if all ask for the same as last time.
  void merge(const SessionRunArgs& caller) {
    if (active_.empty() && !dirty_ && planned_requesters_ == 0 && caller.feeds.empty() && feeds_.empty() &&
        caller.fetches.same_object(caller_fetches_)) {
      return;
    }
    merge_slowly(caller);
  }

  // Whether nobody asked for anything in the last attempt, and the plan is empty.
  bool quiet() const noexcept {
    return !dirty_ && fetches_.empty() && feeds_.empty() && planned_requesters_ == 0 && active_.empty();
  }

  // The engine's view of a step that asks for nothing.
  SessionStep& empty_step() noexcept { return step_; }
  // The engine's view of the step. Old results are dropped first: the session can use their memory again unless a
  // reader has kept it.
  SessionStep& step() {
    if (!results_.empty() || !active_.empty()) drop_results();
    return step_;
  }
  // The parts of a step that stay the same; set once.
  void set_step_context(const RunOptions* options, RunMetadata* metadata, StopState* stop, ValueLog* values = nullptr,
                        StepStops* stops = nullptr) noexcept {
    step_.values = values;
    step_.stops = stops;
    step_.options = options;
    step_.metadata = metadata;
    step_.stop = stop;
  }
  // Copies the results to the caller and to the requests.
  void distribute(Results& caller);
  bool fetches_anything() const noexcept {
    return !fetches_.empty() || planned_requesters_ != 0 || !caller_fetches_.same_object(Fetches());
  }
  bool feeds_anything() const noexcept { return !feeds_.empty(); }
  void drop_feeds() noexcept;

  // Whether results of the last attempt were handed out.
  bool handed_out() const noexcept { return handed_out_; }
  // Calls visit(name, value) for what was handed out last; of an attempt before the last one for scalars only.
  template <typename Visit>
  void visit_last_results(Visit&& visit) const {
    for (const auto& [name, node] : resolved_) {
      const Value value = last_result(node);
      if (value.kind() != ValueKind::absent) visit(name, value);
    }
  }

  bool has_global_step() const noexcept { return global_step_slot_ != kNone; }
  std::int64_t fetched_global_step() const { return results_[global_step_slot_].to_int64(); }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  NodeId resolve(std::string_view name);
  void activate(HookRequest& request);
  bool unchanged(const SessionRunArgs& caller) const;
  void merge_slowly(const SessionRunArgs& caller);
  // The new plan, or the old one if this throws.
  void rebuild(const SessionRunArgs& caller);
  void draft_caller(const SessionRunArgs& caller);
  void draft_request(const HookRequest& request, RequestDraft& draft);
  void draft_slots(const Fetches& fetches, std::vector<std::size_t>& slots);
  void adopt_draft(const SessionRunArgs& caller) noexcept;
  void bind_feeds(const SessionRunArgs& caller);
  void drop_results();
  void keep_scalars();  // of results that were handed out
  Value last_result(NodeId node) const;

  std::uint64_t attempt_ = 1;
  SessionStep step_;
  Session* session_ = nullptr;
  std::map<std::string, NodeId, std::less<>> resolved_;
  bool dirty_ = true;
  std::size_t planned_requesters_ = 0;
  std::vector<HookRequest*> active_;   // those that asked in this attempt, in hook order
  std::vector<HookRequest*> planned_;  // those of the plan

  Fetches caller_fetches_;
  std::vector<std::string> caller_feed_names_;
  std::vector<NodeId> caller_feed_nodes_;
  std::vector<std::size_t> caller_slots_;
  std::vector<NodeId> fetches_;
  std::vector<Value> results_;
  std::vector<ResolvedFeed> feeds_;
  std::size_t global_step_slot_ = kNone;
  PlanDraft draft_;

  bool handed_out_ = false;  // results_
  struct KeptScalar {
    NodeId node;
    DType dtype;
    std::uint64_t bits;
  };
  std::vector<KeptScalar> kept_;  // of the results that were handed out before
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_RUN_PLAN_HPP_
