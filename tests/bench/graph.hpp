// A graph of eight scalars, fetched by eight hooks or by the caller.
#ifndef RUNHOOK_TESTS_BENCH_GRAPH_HPP_
#define RUNHOOK_TESTS_BENCH_GRAPH_HPP_

#include <runhook/runhook.h>

namespace bench {

inline constexpr int kScalars = 8;

runhook_graph* scalar_graph();
runhook_run_args* scalar_args();  // fetches all eight
runhook_run_args* train_args();   // fetches the last node, which needs all eight; no values
// Hooks that fetch one scalar each and read it.
runhook_monitored_session* fetching_session();
runhook_monitored_session* plain_session();  // the same without hooks

}  // namespace bench

#endif  // RUNHOOK_TESTS_BENCH_GRAPH_HPP_
