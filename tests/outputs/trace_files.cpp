// Writes traces as a profiler leaves them: trace_files FOLDER. What is to be within what is known to trace_read.py.
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "profiler/chrome_trace.hpp"
#include "profiler/span_ring.hpp"
#include "runhook/graph_session.hpp"
#include "runhook/hooks/profiler.hpp"
#include "runhook/monitored_session.hpp"

namespace {

using namespace runhook;

// Takes next to no time, so that callbacks of a step differ by less than a microsecond.
struct Quick final : SessionRunHook {
  void before_run(SessionRunContext& context) override {
    RunOptions options;
    options.trace_level = TraceLevel::full;
    context.add_options(options);
  }
};

struct Failing final : SessionRunHook {
  void after_run(SessionRunContext& context, const SessionRunValues&) override {
    if (context.global_step() == 100) throw StatusError(StatusCode::data_loss, "a \"bad\" disk");
  }
};

void busy(std::chrono::microseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

// A run of a hundred steps that fails in its last, after a recovery in the twentieth.
void write_failure(const std::string& folder) {
  Graph graph;
  int calls = 0;
  graph.function("one", {}, [&](KernelContext& call) {
    if (++calls == 20) throw StatusError(StatusCode::unavailable, "gone for a moment");
    busy(std::chrono::microseconds(50));
    call.set_output(0, Value::scalar(1.0));
  });
  graph.function("two", {.inputs = {"one"}}, [](KernelContext& call) { call.set_output(0, Value::scalar(2.0)); });
  Config config;
  config.log = [](LogLevel, std::string_view) {};
  config.recovery.initial_backoff_ns = 1'000'000;
  config.session_creator = std::make_shared<ChiefSessionCreator>(graph_session_factory(graph));
  config.add_hook(ProfilerHook::make({.directory = folder, .record_samples = true}));
  for (int i = 0; i < 8; ++i) config.add_hook(std::make_shared<Quick>(), {.name = "quick " + std::to_string(i)});
  config.add_hook(std::make_shared<Failing>(), {.name = "failing"});
  MonitoredSession session(config);
  try {
    session.run_until_stop({"two", {}, {}}, 1000);
  } catch (const StatusError&) {
    session.close();
    return;
  }
  throw StatusError(StatusCode::internal, "the run has not failed");
}

// Nodes that overlap, in a step of two microseconds on a machine that has been up for three years and a bit.
void write_overlap(const std::string& path) {
  constexpr std::int64_t kUp = 100'000'000'000'000'007;
  detail::SpanRing ring(64);
  const auto add = [&ring](SpanKind kind, std::int64_t begin_ns, std::int64_t end_ns, std::string_view name = {}) {
    Span span;
    span.kind = kind;
    span.name = name;
    span.begin_ns = kUp + begin_ns;
    span.end_ns = kUp + end_ns;
    span.thread = 7;
    ring.add(span);
  };
  add(SpanKind::before_run, 0, 101, "a");
  add(SpanKind::before_run, 101, 203, "b");
  add(SpanKind::node, 310, 700, "left");
  add(SpanKind::node, 310, 500, "in left");
  add(SpanKind::node, 400, 800, "beside left");
  add(SpanKind::node, 700, 1000, "after left");
  add(SpanKind::session_run, 300, 1100);
  add(SpanKind::after_run, 1150, 1151, "a");
  add(SpanKind::after_run, 1151, 1999, "b");
  add(SpanKind::attempt, 0, 1999);
  std::ofstream(path) << detail::chrome_trace(ring.copy());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string folder = argv[1];
  try {
    std::filesystem::create_directories(folder);
    write_failure(folder);
    write_overlap(folder + "/overlap.json");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
