#include "run/plan.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "runhook/error.hpp"

namespace runhook::inline v1 {
namespace detail {

const Fetches& HookRequest::fetches() {
  if (stale_fetches) {
    args.fetches = Fetches::keyed(keyed);
    stale_fetches = false;
  }
  return args.fetches;
}

void Plan::set_session(Session* session) {
  session_ = session;
  resolved_.clear();
  dirty_ = true;
  handed_out_ = false;
  kept_.clear();
  for (Value& value : results_) value.reset();
}

NodeId Plan::resolve(std::string_view name) {
  if (const auto found = resolved_.find(name); found != resolved_.end()) return found->second;
  if (name.empty()) throw StatusError(StatusCode::invalid_argument, "the name to fetch or feed is empty");
  if (session_ == nullptr) throw StatusError(StatusCode::failed_precondition, "there is no session");
  const NodeId node = session_->resolve(name);
  resolved_.emplace(name, node);
  return node;
}

void Plan::activate(HookRequest& request) {
  if (asked(request)) return;
  active_.push_back(&request);
  request.attempt = attempt_;
  request.form = HookRequest::Form::none;
  request.fetch_cursor = 0;
  request.feed_cursor = 0;
  if (!request.planned) dirty_ = true;
}

void Plan::withdraw(HookRequest& request) noexcept {
  if (!asked(request)) return;
  std::erase(active_, &request);
  request.attempt = 0;
}

void Plan::remove(HookRequest& request) noexcept {
  std::erase(active_, &request);
  if (std::erase(planned_, &request) > 0) dirty_ = true;
}

void Plan::add_fetch(HookRequest& request, std::string_view key, std::string_view name) {
  if (key.empty()) key = name;
  activate(request);
  if (request.form == HookRequest::Form::tree) {
    throw StatusError(StatusCode::invalid_argument, "fetches were given as a whole already");
  }
  request.form = HookRequest::Form::keyed;
  auto& keyed = request.keyed;
  std::size_t& cursor = request.fetch_cursor;
  if (cursor < keyed.size() && keyed[cursor].first == key && keyed[cursor].second == name && !dirty_) {
    ++cursor;
    return;
  }
  resolve(name);
  const auto same_key = [key](const auto& entry) { return entry.first == key; };
  if (std::any_of(keyed.begin(), keyed.begin() + static_cast<std::ptrdiff_t>(cursor), same_key)) {
    throw StatusError(StatusCode::already_exists, fmt::format("the key '{}' is fetched already", key));
  }
  dirty_ = true;
  request.stale_fetches = true;
  keyed.resize(cursor);
  keyed.emplace_back(key, name);
  ++cursor;
}

void Plan::set_fetches(HookRequest& request, const Fetches& fetches) {
  activate(request);
  if (request.form != HookRequest::Form::none) {
    throw StatusError(StatusCode::invalid_argument, "fetches were given already");
  }
  request.form = HookRequest::Form::tree;
  if (request.stale_fetches || request.planned_form != HookRequest::Form::tree || request.args.fetches != fetches) {
    for (const std::string& leaf : fetches.leaves()) resolve(leaf);
    request.args.fetches = fetches;
    request.stale_fetches = false;
    request.keyed.clear();
    dirty_ = true;
  }
}

void Plan::add_feed(HookRequest& request, std::string_view name, Value value) {
  if (!value) throw StatusError(StatusCode::invalid_argument, fmt::format("the value fed to '{}' is absent", name));
  activate(request);
  auto& feeds = request.args.feeds;
  std::size_t& cursor = request.feed_cursor;
  if (!dirty_ && cursor < feeds.size() && feeds[cursor].name == name) {
    feeds[cursor++].value = std::move(value);
    return;
  }
  const NodeId node = resolve(name);
  for (std::size_t i = 0; i < cursor; ++i) {
    if (request.feed_nodes[i] == node) {
      feeds[i].value = std::move(value);
      return;
    }
  }
  for (const HookRequest* other : active_) {
    if (other == &request) continue;
    const auto end = other->feed_nodes.begin() + static_cast<std::ptrdiff_t>(other->feed_cursor);
    if (std::find(other->feed_nodes.begin(), end, node) != end) {
      throw StatusError(StatusCode::invalid_argument, fmt::format("Same tensor is fed by {} and {}: '{}'",
                                                                  other->requester, request.requester, name));
    }
  }
  dirty_ = true;
  feeds.resize(cursor);
  request.feed_nodes.resize(cursor);
  request.feed_nodes.push_back(node);
  feeds.push_back(Feed{std::string(name), std::move(value)});
  ++cursor;
}

bool Plan::unchanged(const SessionRunArgs& caller) const {
  if (dirty_ || active_.size() != planned_requesters_) return false;
  for (const HookRequest* request : active_) {
    if (request->form != request->planned_form || request->feed_cursor != request->args.feeds.size()) return false;
    if (request->form == HookRequest::Form::keyed && request->fetch_cursor != request->keyed.size()) return false;
  }
  if (!caller.fetches.same_object(caller_fetches_) && caller.fetches != caller_fetches_) return false;
  if (caller.feeds.size() != caller_feed_names_.size()) return false;
  for (std::size_t i = 0; i < caller.feeds.size(); ++i) {
    if (caller.feeds[i].name != caller_feed_names_[i]) return false;
  }
  return true;
}

void Plan::merge_slowly(const SessionRunArgs& caller) {
  for (const Feed& feed : caller.feeds) {
    if (!feed.value) {
      throw StatusError(StatusCode::invalid_argument, fmt::format("the value fed to '{}' is absent", feed.name));
    }
  }
  if (!unchanged(caller)) rebuild(caller);
  bind_feeds(caller);
}

std::size_t PlanDraft::fetch_slot(NodeId node) {
  const auto found = std::find(fetches.begin(), fetches.end(), node);
  if (found != fetches.end()) return static_cast<std::size_t>(found - fetches.begin());
  fetches.push_back(node);
  return fetches.size() - 1;
}

void Plan::draft_slots(const Fetches& fetches, std::vector<std::size_t>& slots) {
  slots.clear();
  for (const std::string& leaf : fetches.leaves()) slots.push_back(draft_.fetch_slot(resolve(leaf)));
}

void Plan::draft_caller(const SessionRunArgs& caller) {
  draft_slots(caller.fetches, draft_.caller_slots);
  draft_.caller_feed_names.clear();
  auto& nodes = draft_.caller_feed_nodes;
  nodes.clear();
  for (const Feed& feed : caller.feeds) {
    const NodeId node = resolve(feed.name);
    if (std::find(nodes.begin(), nodes.end(), node) != nodes.end()) {
      throw StatusError(StatusCode::invalid_argument,
                        fmt::format("Same tensor is fed twice by the caller: '{}'", feed.name));
    }
    draft_.caller_feed_names.push_back(feed.name);
    nodes.push_back(node);
  }
}

void Plan::draft_request(const HookRequest& request, RequestDraft& draft) {
  if (request.form == HookRequest::Form::none) {
    draft.fetches = Fetches();
  } else if (request.form == HookRequest::Form::tree ||
             (!request.stale_fetches && request.keyed.size() == request.fetch_cursor)) {
    draft.fetches = request.args.fetches;
  } else {
    draft.fetches = Fetches::keyed(std::span(request.keyed).first(request.fetch_cursor));
  }
  const auto& of_caller = draft_.caller_feed_nodes;
  draft.feed_nodes.clear();
  for (const Feed& feed : std::span(request.args.feeds).first(request.feed_cursor)) {
    const NodeId node = resolve(feed.name);
    if (std::find(of_caller.begin(), of_caller.end(), node) != of_caller.end()) {
      throw StatusError(StatusCode::invalid_argument,
                        fmt::format("Same tensor is fed by {} and the caller: '{}'", request.requester, feed.name));
    }
    draft.feed_nodes.push_back(node);
  }
  draft_slots(draft.fetches, draft.slots);
  draft.results.reset(draft.fetches);
}

void Plan::rebuild(const SessionRunArgs& caller) {
  keep_scalars();
  draft_.fetches.clear();
  draft_caller(caller);
  draft_.planned = active_;
  if (draft_.requests.size() < active_.size()) draft_.requests.resize(active_.size());
  for (std::size_t i = 0; i < active_.size(); ++i) draft_request(*active_[i], draft_.requests[i]);
  draft_.global_step_slot = kNone;
  if (session_ != nullptr) {
    if (const auto node = session_->global_step()) draft_.global_step_slot = draft_.fetch_slot(*node);
  }
  draft_.results.clear();
  draft_.results.resize(draft_.fetches.size());
  std::size_t feeds = caller.feeds.size();
  for (const HookRequest* request : active_) feeds += request->feed_cursor;
  feeds_.reserve(feeds);  // for bind_feeds(), which must not fail when the plan is the new one
  adopt_draft(caller);
}

void Plan::adopt_draft(const SessionRunArgs& caller) noexcept {
  for (HookRequest* request : planned_) {
    request->planned = false;
    request->planned_form = HookRequest::Form::none;
    if (!asked(*request)) request->results.reset(Fetches());
  }
  planned_.swap(draft_.planned);
  planned_requesters_ = planned_.size();
  for (std::size_t i = 0; i < planned_.size(); ++i) {
    HookRequest& request = *planned_[i];
    RequestDraft& draft = draft_.requests[i];
    request.planned = true;
    request.planned_form = request.form;
    request.keyed.resize(request.fetch_cursor);  // without what was asked for before, and is not any more
    request.stale_fetches = false;
    request.args.fetches = std::exchange(draft.fetches, Fetches());
    request.args.feeds.resize(request.feed_cursor);
    request.feed_nodes.swap(draft.feed_nodes);
    request.slots.swap(draft.slots);
    std::swap(request.results, draft.results);
    draft.results.drop_values();
  }
  caller_fetches_ = caller.fetches;
  caller_feed_names_.swap(draft_.caller_feed_names);
  caller_feed_nodes_.swap(draft_.caller_feed_nodes);
  caller_slots_.swap(draft_.caller_slots);
  fetches_.swap(draft_.fetches);
  results_.swap(draft_.results);
  draft_.results.clear();
  global_step_slot_ = draft_.global_step_slot;
  step_.fetches = fetches_;
  step_.results = results_;
  dirty_ = false;
}

void Plan::bind_feeds(const SessionRunArgs& caller) {
  feeds_.clear();
  for (std::size_t i = 0; i < caller.feeds.size(); ++i) {
    feeds_.push_back({caller_feed_nodes_[i], &caller.feeds[i].value});
  }
  for (const HookRequest* request : active_) {
    for (std::size_t i = 0; i < request->args.feeds.size(); ++i) {
      feeds_.push_back({request->feed_nodes[i], &request->args.feeds[i].value});
    }
  }
  step_.feeds = feeds_;
}

// Values only, so that the session may use the memory of its results again.
void Plan::keep_scalars() {
  if (!std::exchange(handed_out_, false)) return;
  kept_.clear();
  for (std::size_t i = 0; i < fetches_.size(); ++i) {
    KeptScalar kept{fetches_[i], {}, 0};
    if (scalar_bits(results_[i], kept.dtype, kept.bits)) kept_.push_back(kept);
  }
}

Value Plan::last_result(NodeId node) const {
  if (handed_out_) {
    const auto found = std::find(fetches_.begin(), fetches_.end(), node);
    return found != fetches_.end() ? results_[static_cast<std::size_t>(found - fetches_.begin())] : Value();
  }
  const auto found = std::find_if(kept_.begin(), kept_.end(), [node](const auto& kept) { return kept.node == node; });
  return found != kept_.end() ? Value::copy_of(found->dtype, {}, &found->bits) : Value();
}

void Plan::drop_results() {
  keep_scalars();
  for (Value& value : results_) value.reset();
  for (HookRequest* request : active_) request->results.drop_values();
}

void Plan::distribute(Results& caller) {
  handed_out_ = !fetches_.empty();
  caller.reset(caller_fetches_);
  for (std::size_t i = 0; i < caller_slots_.size(); ++i) caller.set_leaf(i, results_[caller_slots_[i]]);
  for (HookRequest* request : active_) {
    request->results.reset(request->args.fetches);
    for (std::size_t i = 0; i < request->slots.size(); ++i) {
      request->results.set_leaf(i, results_[request->slots[i]]);
    }
  }
}

void Plan::drop_feeds() noexcept {
  feeds_.clear();
  step_.feeds = feeds_;
  for (HookRequest* request : active_) {
    for (Feed& feed : request->args.feeds) feed.value.reset();
  }
}

}  // namespace detail
}  // namespace runhook::inline v1
