#include "ask.hpp"

namespace conformance {

Ask& Ask::fetch(const std::string& key, const std::string& name) {
  fetches.emplace_back(key, name);
  return *this;
}

Ask& Ask::feed(const std::string& name, double value) {
  feeds.emplace_back(name, value);
  return *this;
}

Ask& Ask::with(std::function<void(runhook_run_options*)> set) {
  options = std::move(set);
  return *this;
}

OwnValue number(double value) {
  OwnValue result;
  EXPECT_REPLY(make(result, runhook_value_create_double, value), RUNHOOK_OK);
  return result;
}

OwnArgs args_of(const Ask& ask) {
  OwnArgs args;
  EXPECT_REPLY(make(args, runhook_run_args_create), RUNHOOK_OK);
  for (const auto& [key, name] : ask.fetches) {
    EXPECT_REPLY(call(runhook_run_args_add_fetch, args.get(), key.c_str(), name.c_str()), RUNHOOK_OK);
  }
  for (const auto& [name, value] : ask.feeds) {
    EXPECT_REPLY(call(runhook_run_args_add_feed, args.get(), name.c_str(), number(value).get()), RUNHOOK_OK);
  }
  if (ask.options) ask.options(runhook_run_args_options(args.get()));
  return args;
}

}  // namespace conformance
