// Handles of the C ABI that destroy themselves.
#ifndef RUNHOOK_TESTS_CONFORMANCE_HANDLE_HPP_
#define RUNHOOK_TESTS_CONFORMANCE_HANDLE_HPP_

#include <memory>

#include "runhook/runhook.h"

namespace conformance {

template <typename T, void (*Destroy)(T*)>
struct HandleDeleter {
  void operator()(T* handle) const { Destroy(handle); }
};
template <typename T, void (*Destroy)(T*)>
using Own = std::unique_ptr<T, HandleDeleter<T, Destroy>>;

using OwnArgs = Own<runhook_run_args, runhook_run_args_destroy>;
using OwnResults = Own<runhook_results, runhook_results_destroy>;
using OwnValue = Own<runhook_value, runhook_value_destroy>;
using OwnSession = Own<runhook_session, runhook_session_destroy>;
using OwnCoordinator = Own<runhook_coordinator, runhook_coordinator_destroy>;
using OwnThread = Own<runhook_thread, runhook_thread_destroy>;
using OwnScaffold = Own<runhook_scaffold, runhook_scaffold_destroy>;
using OwnManager = Own<runhook_session_manager, runhook_session_manager_destroy>;
using OwnCreator = Own<runhook_session_creator, runhook_session_creator_destroy>;
using OwnSaver = Own<runhook_saver, runhook_saver_destroy>;
using OwnSnapshot = Own<runhook_snapshot, runhook_snapshot_destroy>;
using OwnGraph = Own<runhook_graph, runhook_graph_destroy>;
using OwnClock = Own<runhook_clock, runhook_clock_destroy>;
using OwnConfig = Own<runhook_config, runhook_config_destroy>;
using OwnSource = Own<runhook_stop_source, runhook_stop_source_destroy>;
using OwnOutcome = Own<runhook_outcome, runhook_outcome_destroy>;
using OwnError = Own<runhook_error, runhook_error_destroy>;
using OwnMonitored = Own<runhook_monitored_session, runhook_monitored_session_destroy>;

}  // namespace conformance

#endif  // RUNHOOK_TESTS_CONFORMANCE_HANDLE_HPP_
