// Folds the RunOptions of caller and hooks into one, by the rules of run_args.hpp.
#ifndef RUNHOOK_SRC_RUN_RUN_OPTIONS_MERGE_HPP_
#define RUNHOOK_SRC_RUN_RUN_OPTIONS_MERGE_HPP_

#include <string>
#include <string_view>
#include <vector>

#include "runhook/run_args.hpp"

namespace runhook::inline v1 {
namespace detail {

// The merge of one attempt. It remembers who set an engine option first, to name both requesters of a conflict.
class OptionsMerge {
 public:
  // Forgets all options. Costs next to nothing if there are none.
  void clear() noexcept {
    if (started_) clear_slowly();
  }
  // Begins with a copy of `options`, which are the only ones whose `hooks` and `hook_names` are used. Throws
  // INVALID_ARGUMENT for two values for one engine option.
  void start(const RunOptions& options, std::string_view requester);
  // Merges the options of another requester. Throws INVALID_ARGUMENT, and then has merged nothing.
  void add(const RunOptions& from, std::string_view requester);

  bool started() const noexcept { return started_; }
  const RunOptions& merged() const noexcept { return merged_; }

 private:
  void clear_slowly() noexcept;
  void unite_engine(const RunOptions& from, std::string_view requester);

  RunOptions merged_;
  std::vector<std::string> engine_requesters_;  // parallel to merged_.engine
  bool started_ = false;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_RUN_RUN_OPTIONS_MERGE_HPP_
