// What a run gave.
#ifndef RUNHOOK_TESTS_CONFORMANCE_ANSWER_HPP_
#define RUNHOOK_TESTS_CONFORMANCE_ANSWER_HPP_

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "handle.hpp"
#include "reply.hpp"
#include "runhook/runhook.h"

namespace conformance {

using Values = std::map<std::string, std::optional<double>>;

Values values_of(runhook_results* results);

struct Answer {
  Reply reply;
  Values values;
  bool skipped = false;
  bool discarded = false;
  std::size_t timed_nodes = 0;
  double at(const std::string& key) const;
};

// Runs something with results to be filled, and reads them.
Answer read_answer(const std::function<Reply(runhook_results*)>& run_it);

}  // namespace conformance

#endif  // RUNHOOK_TESTS_CONFORMANCE_ANSWER_HPP_
