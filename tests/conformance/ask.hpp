// What is asked of a run.
#ifndef RUNHOOK_TESTS_CONFORMANCE_ASK_HPP_
#define RUNHOOK_TESTS_CONFORMANCE_ASK_HPP_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "handle.hpp"
#include "reply.hpp"
#include "runhook/runhook.h"

namespace conformance {

// What is asked of a run, by the caller or by a hook.
struct Ask {
  std::vector<std::pair<std::string, std::string>> fetches;  // key, name
  std::vector<std::pair<std::string, double>> feeds;
  std::function<void(runhook_run_options*)> options;

  Ask& fetch(const std::string& name) { return fetch(name, name); }
  Ask& fetch(const std::string& key, const std::string& name);
  Ask& feed(const std::string& name, double value);
  Ask& with(std::function<void(runhook_run_options*)> set);
};

OwnValue number(double value);

OwnArgs args_of(const Ask& ask);

}  // namespace conformance

#endif  // RUNHOOK_TESTS_CONFORMANCE_ASK_HPP_
