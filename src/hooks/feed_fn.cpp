#include "runhook/hooks/feed_fn.hpp"

#include <utility>

namespace runhook::inline v1 {

FeedFnHook::FeedFnHook(Function function) : function_(std::move(function)) {
  if (!function_) throw StatusError(StatusCode::invalid_argument, "there is no function to ask for feeds");
}

void FeedFnHook::before_run(SessionRunContext& context) {
  for (Feed& feed : function_(context)) context.add_feed(feed.name, std::move(feed.value));
}

}  // namespace runhook::inline v1
