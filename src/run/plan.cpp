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

std::size_t Plan::fetch_slot(NodeId node) {
  const auto found = std::find(fetches_.begin(), fetches_.end(), node);
  if (found != fetches_.end()) return static_cast<std::size_t>(found - fetches_.begin());
  fetches_.push_back(node);
  return fetches_.size() - 1;
}

void Plan::assign_slots(const Fetches& fetches, std::vector<std::size_t>& slots) {
  slots.clear();
  for (const std::string& leaf : fetches.leaves()) slots.push_back(fetch_slot(resolve(leaf)));
}

void Plan::rebuild(const SessionRunArgs& caller) {
  dirty_ = true;  // until all of it has succeeded
  for (HookRequest* request : planned_) {
    request->planned = false;
    request->planned_form = HookRequest::Form::none;
    if (!asked(*request)) request->results.reset(Fetches());
  }
  planned_.clear();
  fetches_.clear();

  caller_fetches_ = caller.fetches;
  assign_slots(caller_fetches_, caller_slots_);
  caller_feed_names_.clear();
  caller_feed_nodes_.clear();
  for (const Feed& feed : caller.feeds) {
    const NodeId node = resolve(feed.name);
    if (std::find(caller_feed_nodes_.begin(), caller_feed_nodes_.end(), node) != caller_feed_nodes_.end()) {
      throw StatusError(StatusCode::invalid_argument,
                        fmt::format("Same tensor is fed twice by the caller: '{}'", feed.name));
    }
    caller_feed_names_.push_back(feed.name);
    caller_feed_nodes_.push_back(node);
  }
  for (HookRequest* request : active_) {
    if (request->form != HookRequest::Form::tree && request->keyed.size() != request->fetch_cursor) {
      request->keyed.resize(request->fetch_cursor);
      request->stale_fetches = true;
    }
    if (request->form == HookRequest::Form::none) {
      request->keyed.clear();
      request->args.fetches = Fetches();
      request->stale_fetches = false;
    }
    request->args.feeds.resize(request->feed_cursor);
    request->feed_nodes.clear();
    for (const Feed& feed : request->args.feeds) {
      const NodeId node = resolve(feed.name);
      request->feed_nodes.push_back(node);
      if (std::find(caller_feed_nodes_.begin(), caller_feed_nodes_.end(), node) != caller_feed_nodes_.end()) {
        throw StatusError(StatusCode::invalid_argument,
                          fmt::format("Same tensor is fed by {} and the caller: '{}'", request->requester, feed.name));
      }
    }
    assign_slots(request->fetches(), request->slots);
    request->results.reset(request->args.fetches);
  }
  global_step_slot_ = kNone;
  if (session_ != nullptr) {
    if (const auto node = session_->global_step()) global_step_slot_ = fetch_slot(*node);
  }
  results_.clear();
  results_.resize(fetches_.size());
  step_.fetches = fetches_;
  step_.results = results_;
  planned_ = active_;
  for (HookRequest* request : planned_) {
    request->planned = true;
    request->planned_form = request->form;
  }
  planned_requesters_ = planned_.size();
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

void Plan::drop_results() noexcept {
  for (Value& value : results_) value.reset();
  for (HookRequest* request : active_) request->results.drop_values();
}

void Plan::distribute(Results& caller) {
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
