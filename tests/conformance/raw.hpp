// The engine that the sessions under test drive.
#ifndef RUNHOOK_TESTS_CONFORMANCE_RAW_HPP_
#define RUNHOOK_TESTS_CONFORMANCE_RAW_HPP_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ask.hpp"
#include "callback.hpp"
#include "handle.hpp"
#include "reply.hpp"
#include "runhook/runhook.h"
#include "trace.hpp"

namespace conformance {

// RAW: an engine over a little state, which fails on demand. Sessions made from it share its state.
class Raw {
 public:
  using Node = std::function<std::optional<double>(Raw&)>;
  struct Variable {
    double initial = 0;
    std::optional<double> value;
    std::int32_t scope = RUNHOOK_VARIABLES_GLOBAL;
  };
  struct Failure {
    runhook_status code;
    std::string message;
  };

  Raw(Trace& trace, double& side_effect, int number_in_list);

  void constant(const std::string& node, double value);
  void variable(const std::string& variable_name, double initial, std::optional<double> value, std::int32_t scope);
  // Makes the n-th run (from 1) fail, before any of its nodes is computed.
  Raw& fails(int nth, runhook_status code, const std::string& message = "raw failed");
  double step() { return variables["global_step"].value.value_or(-1); }

  // A new session over this state; owned.
  OwnSession session();

  // What a new session is made of when the loop stays where it is: its state, and the body of one of its steps, which
  // fails the step where the engine would have failed.
  void open_inline(runhook_context* restore);
  void make_inline_step(runhook_context* step);

  // The value of a node in the step in progress: what was fed, else what it computes.
  std::optional<double> value(const std::string& node);

  int id;
  std::string name;
  bool has_global_step = true;
  std::map<std::string, Node> nodes;
  std::map<std::string, Variable> variables;
  std::map<int, Failure> failures;
  Failure close_failure{RUNHOOK_OK, {}};
  Failure read_failure{RUNHOOK_OK, {}};
  Callback on_run;  // called first in every run
  int runs = 0;     // without step reads
  int opened = 0;
  int closed = 0;
  int destroyed = 0;
  std::atomic<int> cancels{0};
  std::map<std::string, int> resolutions;
  std::map<std::string, int> computations;
  std::map<std::string, double> fed;  // of the last run
  std::vector<std::string> fetched;   // of the last run
  std::int64_t timeout_ns = 0;        // of the last run's merged options

  bool wait_for_cancel(std::int64_t limit_ns);

 private:
  std::int32_t resolve(runhook_context* context);

  std::int32_t run(runhook_context* context);
  void clear_run(runhook_context* context);
  // The part of a run up to its fetches. Returns kOk, or what a callback returns that has failed.
  std::int32_t begin_run(runhook_context* context);

  void cancel();

  std::int32_t close(runhook_context* context);

  std::int32_t list(runhook_context* context, bool only_missing);

  std::int32_t initialize(runhook_context* context);

  std::int32_t read(runhook_context* context);

  std::int32_t write(runhook_context* context);

  std::map<std::string, std::optional<double>> computed_;
  std::vector<std::string> names_;
  Trace& trace_;
  double& side_effect_;
  std::mutex mutex_;
  std::condition_variable cancelled_;
};

// The number of the raw session that a callback sees; 0 if it sees none.
int session_id(runhook_context* context);

}  // namespace conformance

#endif  // RUNHOOK_TESTS_CONFORMANCE_RAW_HPP_
