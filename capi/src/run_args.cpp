#include "runhook/run_args.h"

#include <algorithm>

#include "boundary/exception_guard.hpp"
#include "boundary/text.hpp"
#include "handle/run_args_handle.hpp"
#include "handle/value_handle.hpp"

using runhook::Feed;
using runhook::RunOptions;
using runhook::StatusCode;
using runhook::StatusError;
using runhook::Value;
using namespace runhook::capi;  // NOLINT: this file implements the C functions in terms of it

namespace {

// Pinned, since a value that is replaced may have a destroy function that comes back to the args.
Pinned<runhook_run_args> changeable(runhook_run_args* args) {
  if (require(args).read_only()) throw StatusError(StatusCode::failed_precondition, "the run args are borrowed");
  return Pinned<runhook_run_args>(&require_unpinned(args));
}

std::string_view required_name(const char* name, const char* what) {
  const auto text = required_text(name, what);
  if (text.empty()) throw StatusError(StatusCode::invalid_argument, std::string(what) + " is empty");
  return text;
}

// Returns key and name of a fetch, or NULL if there is no such one.
const std::pair<std::string, std::string>* fetch_at(const runhook_run_args* args, size_t index) noexcept {
  auto* box = find(args);
  if (box == nullptr) return nullptr;
  return guarded_value<const std::pair<std::string, std::string>*>(nullptr, [&] {
    const auto& pairs = box->pairs();
    return index < pairs.size() ? &pairs[index] : nullptr;
  });
}

const Feed* feed_at(const runhook_run_args* args, size_t index) noexcept {
  const auto* box = find(args);
  return box != nullptr && index < box->shown->feeds.size() ? &box->shown->feeds[index] : nullptr;
}

// `make` returns the value; it is called when the rest has been found to be possible.
template <class Make>
runhook_status add_feed(runhook_run_args* args, const char* name, runhook_error** error, Make&& make) {
  return guarded(error, [&] {
    const auto box = changeable(args);
    const auto target = required_name(name, "the name");
    Value shared = make();
    auto& feeds = box->own.feeds;
    const auto found = std::find_if(feeds.begin(), feeds.end(), [&](const Feed& feed) { return feed.name == target; });
    if (found != feeds.end()) {
      found->value = std::move(shared);
    } else {
      feeds.push_back({std::string(target), std::move(shared)});
    }
  });
}

}  // namespace

runhook_run_args* runhook_run_args_create(runhook_error** error) {
  return guarded_handle(error, [] { return create<runhook_run_args>(); });
}

void runhook_run_args_destroy(runhook_run_args* args) { destroy(args); }

runhook_status runhook_run_args_add_fetch(runhook_run_args* args, const char* key, const char* name,
                                          runhook_error** error) {
  return guarded(error, [&] {
    const auto box = changeable(args);
    const auto wanted = required_name(name, "the name");
    const auto under = key == nullptr ? wanted : required_name(key, "the key");
    for (const auto& fetch : box->fetches) {
      if (fetch.first == under) {
        throw StatusError(StatusCode::already_exists, "the key '" + fetch.first + "' is in use");
      }
    }
    box->fetches.emplace_back(under, wanted);
    box->changed = true;
  });
}

runhook_status runhook_run_args_add_feed(runhook_run_args* args, const char* name, runhook_value* value,
                                         runhook_error** error) {
  return add_feed(args, name, error, [&] { return from_handle(value); });
}

runhook_status runhook_run_args_add_feed_double(runhook_run_args* args, const char* name, double number,
                                                runhook_error** error) {
  return add_feed(args, name, error, [&] { return Value::scalar(number); });
}

runhook_status runhook_run_args_add_feed_int64(runhook_run_args* args, const char* name, int64_t number,
                                               runhook_error** error) {
  return add_feed(args, name, error, [&] { return Value::scalar(std::int64_t{number}); });
}

runhook_status runhook_run_args_clear(runhook_run_args* args, runhook_error** error) {
  return guarded(error, [&] {
    const auto box = changeable(args);
    box->changed = box->changed || !box->fetches.empty();
    box->fetches.clear();
    box->own.feeds.clear();
    box->own.options = RunOptions();
  });
}

runhook_run_options* runhook_run_args_options(const runhook_run_args* args) {
  auto* box = find(args);
  if (box == nullptr) return nullptr;
  return guarded_value<runhook_run_options*>(nullptr, [&] { return box->options_handle.publish(box->options); });
}

size_t runhook_run_args_fetch_count(const runhook_run_args* args) {
  auto* box = find(args);
  return box != nullptr ? guarded_value<size_t>(0, [&] { return box->pairs().size(); }) : 0;
}

const char* runhook_run_args_fetch_key_at(const runhook_run_args* args, size_t index) {
  const auto* fetch = fetch_at(args, index);
  return fetch != nullptr ? fetch->first.c_str() : nullptr;
}

const char* runhook_run_args_fetch_name_at(const runhook_run_args* args, size_t index) {
  const auto* fetch = fetch_at(args, index);
  return fetch != nullptr ? fetch->second.c_str() : nullptr;
}

size_t runhook_run_args_feed_count(const runhook_run_args* args) {
  const auto* box = find(args);
  return box != nullptr ? box->shown->feeds.size() : 0;
}

const char* runhook_run_args_feed_name_at(const runhook_run_args* args, size_t index) {
  const Feed* feed = feed_at(args, index);
  return feed != nullptr ? feed->name.c_str() : nullptr;
}

runhook_value* runhook_run_args_feed_value_at(const runhook_run_args* args, size_t index) {
  const Feed* feed = feed_at(args, index);
  if (feed == nullptr) return nullptr;
  return guarded_value<runhook_value*>(nullptr, [&] { return to_handle(feed->value); });
}
