// The figures that runhook promises, each as a ratio or difference to a hand-written baseline in the same run. Ends
// with a table; returns 1 if a figure is missed and --strict was given.
#include <benchmark/benchmark.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "default_hooks.hpp"
#include "graph.hpp"
#include "harness.hpp"
#include "summaries.hpp"

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::int64_t kSteps = 1000;  // of one timed iteration

void per_step(benchmark::State& state, std::int64_t steps = kSteps) {
  state.SetItemsProcessed(state.iterations() * steps);
}

using BareSteps = bool(bench::BareHooks&, runhook_callback, std::int64_t);
void bare_loop(benchmark::State& state, BareSteps* steps) {
  bench::BareHooks hooks{bench::bare_hooks(static_cast<std::size_t>(state.range(0)))};
  bool good = true;
  for (auto _ : state) good = steps(hooks, bench::empty_step, kSteps) && good;
  if (!good) return state.SkipWithError("a call has failed");
  per_step(state);
}

void bare(benchmark::State& state) { bare_loop(state, bench::bare_steps); }
void bare_of_eight(benchmark::State& state) { bare_loop(state, bench::bare_steps_of_eight); }

// The caller drives: one call for each step.
void driven(benchmark::State& state) {
  runhook_monitored_session* session =
      bench::monitored(static_cast<std::size_t>(state.range(0)), bench::empty_session());
  for (auto _ : state) {
    for (std::int64_t step = 0; step < kSteps; ++step)
      runhook_monitored_session_run(session, nullptr, nullptr, nullptr);
  }
  per_step(state);
  runhook_monitored_session_destroy(session);
}

// The library drives.
void until_stop(benchmark::State& state) {
  runhook_monitored_session* session =
      bench::monitored(static_cast<std::size_t>(state.range(0)), bench::empty_session());
  for (auto _ : state) runhook_monitored_session_run_until_stop(session, nullptr, kSteps, nullptr, nullptr);
  per_step(state);
  runhook_monitored_session_destroy(session);
}

// The loop stays where it is: its body is the step, and publishes nothing or a number in each.
void inline_loop(benchmark::State& state, bool publishes) {
  runhook_monitored_session* session = bench::monitored(static_cast<std::size_t>(state.range(0)), nullptr);
  const auto make = [&](std::int64_t steps) {
    for (std::int64_t i = 0; i < steps; ++i) {
      runhook_context* const step = runhook_monitored_session_next(session, nullptr);
      if (bench::empty_step(step, nullptr, 1) != 1) return false;
      if (publishes && runhook_step_set_double(step, "loss", 0.5, nullptr) != RUNHOOK_OK) return false;
    }
    return true;
  };
  bool good = make(kSteps);
  const std::uint64_t before = bench::allocations();
  for (auto _ : state) good = make(kSteps) && good;
  state.counters["allocations"] = static_cast<double>(bench::allocations() - before);
  if (!good) return state.SkipWithError("a step has failed");
  per_step(state);
  runhook_monitored_session_destroy(session);
}

void stays(benchmark::State& state) { inline_loop(state, false); }
void stays_and_publishes(benchmark::State& state) { inline_loop(state, true); }

// What it takes at the least to keep another thread out: a compare-exchange of a word that nobody else has touched.
void compare_exchange(benchmark::State& state) {
  std::atomic<std::uint64_t> word{0};
  std::uint64_t value = 0;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < kSteps; ++i) {
      std::uint64_t expected = value;
      benchmark::DoNotOptimize(word.compare_exchange_strong(expected, ++value));
    }
  }
  per_step(state);
}

void signals(benchmark::State& state) {
  const auto step = bench::signals_step(bench::bare_hooks(static_cast<std::size_t>(state.range(0))), bench::empty_step);
  if (!step) return state.SkipWithError("boost::signals2 is not installed");
  bool good = true;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < kSteps; ++i) good = step() && good;
  }
  if (!good) return state.SkipWithError("a call has failed");
  per_step(state);
}

void uninterested(benchmark::State& state) {  // hooks with neither before_run nor after_run
  runhook_error* error = nullptr;
  runhook_config* config = runhook_config_create(&error);
  runhook_session* raw = bench::empty_session();
  bench::check(runhook_config_set_session(config, raw, &error), error);
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    runhook_hook hook = RUNHOOK_HOOK_INIT;
    hook.user_data = &bench::counters[i];
    hook.end = bench::before_function(static_cast<std::size_t>(i));
    bench::check(runhook_config_add_hook(config, &hook, nullptr, &error), error);
  }
  runhook_monitored_session* session = runhook_monitored_session_create(config, &error);
  for (auto _ : state) runhook_monitored_session_run_until_stop(session, nullptr, kSteps, nullptr, nullptr);
  per_step(state);
  runhook_monitored_session_destroy(session);
  runhook_session_destroy(raw);
  runhook_config_destroy(config);
}

// Hooks with both callbacks and a trigger that is not due: by steps, or by time, for which the clock is read.
void not_due(benchmark::State& state, runhook_trigger* trigger) {
  runhook_error* error = nullptr;
  runhook_config* config = runhook_config_create(&error);
  runhook_session* raw = bench::empty_session();
  bench::check(runhook_config_set_session(config, raw, &error), error);
  runhook_hook_options options = RUNHOOK_HOOK_OPTIONS_INIT;
  options.trigger = trigger;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    runhook_hook hook = RUNHOOK_HOOK_INIT;
    hook.user_data = &bench::counters[i];
    hook.before_run = bench::before_function(static_cast<std::size_t>(i));
    hook.after_run = bench::after_function(static_cast<std::size_t>(i));
    bench::check(runhook_config_add_hook(config, &hook, &options, &error), error);
  }
  runhook_trigger_destroy(trigger);
  runhook_monitored_session* session = runhook_monitored_session_create(config, &error);
  runhook_monitored_session_run_until_stop(session, nullptr, 2, nullptr, nullptr);  // in the first run it is due
  for (auto _ : state) runhook_monitored_session_run_until_stop(session, nullptr, kSteps, nullptr, nullptr);
  per_step(state);
  runhook_monitored_session_destroy(session);
  runhook_session_destroy(raw);
  runhook_config_destroy(config);
}

void not_due_by_steps(benchmark::State& state) {
  not_due(state, runhook_trigger_every_steps(std::int64_t{1} << 60, nullptr));
}
void not_due_by_time(benchmark::State& state) {
  not_due(state, runhook_trigger_every_ns(std::int64_t{1} << 60, nullptr));
}

void graph_steps(benchmark::State& state, bool hooks) {
  runhook_monitored_session* session = hooks ? bench::fetching_session() : bench::plain_session();
  runhook_run_args* args = bench::train_args();
  runhook_monitored_session_run_until_stop(session, args, 16, nullptr, nullptr);
  const std::uint64_t before = bench::allocations();
  for (auto _ : state) runhook_monitored_session_run_until_stop(session, args, kSteps, nullptr, nullptr);
  state.counters["allocations"] = static_cast<double>(bench::allocations() - before);
  per_step(state);
  runhook_run_args_destroy(args);
  runhook_monitored_session_destroy(session);
}

void graph_plain(benchmark::State& state) { graph_steps(state, false); }
void graph_fetched(benchmark::State& state) { graph_steps(state, true); }

void many_sessions(benchmark::State& state) {  // the same number of steps, shared by more and more sessions
  std::vector<runhook_monitored_session*> sessions;
  for (std::int64_t i = 0; i < state.range(0); ++i) sessions.push_back(bench::monitored(1, bench::empty_session()));
  constexpr std::int64_t kTotal = 64000;
  const std::int64_t each = kTotal / state.range(0);
  for (auto _ : state) {
    for (runhook_monitored_session* session : sessions) {
      runhook_monitored_session_run_until_stop(session, nullptr, each, nullptr, nullptr);
    }
  }
  per_step(state, kTotal);
  for (runhook_monitored_session* session : sessions) runhook_monitored_session_destroy(session);
}

// Steps per second of `threads` threads with a session each. CPU-bound, so the machine has to have that many cores
// idle.
double steps_per_second(int threads) {
  constexpr auto kTime = std::chrono::milliseconds(200);
  std::atomic<bool> go{false};
  std::atomic<bool> stop{false};
  std::vector<std::int64_t> counts(static_cast<std::size_t>(threads) * 16);  // a cache line each
  std::vector<std::thread> workers;
  for (int i = 0; i < threads; ++i) {
    workers.emplace_back([&, i] {
      // Hooks of its own: two threads that count in one place would measure that.
      static bench::Counter own[64][8];
      runhook_error* error = nullptr;
      runhook_config* config = runhook_config_create(&error);
      runhook_session* raw = bench::empty_session();
      bench::check(runhook_config_set_session(config, raw, &error), error);
      for (std::size_t h = 0; h < 8; ++h) {
        runhook_hook hook = RUNHOOK_HOOK_INIT;
        hook.user_data = &own[i][h];
        hook.before_run = bench::before_function(h);
        hook.after_run = bench::after_function(h);
        bench::check(runhook_config_add_hook(config, &hook, nullptr, &error), error);
      }
      runhook_monitored_session* session = runhook_monitored_session_create(config, &error);
      while (!go.load()) {
      }
      std::int64_t count = 0;
      while (!stop.load(std::memory_order_relaxed)) {
        runhook_monitored_session_run_until_stop(session, nullptr, 1000, nullptr, nullptr);
        count += 1000;
      }
      counts[static_cast<std::size_t>(i) * 16] = count;
      runhook_monitored_session_destroy(session);
      runhook_session_destroy(raw);
      runhook_config_destroy(config);
    });
  }
  const auto begin = Clock::now();
  go.store(true);
  std::this_thread::sleep_for(kTime);
  stop.store(true);
  for (std::thread& worker : workers) worker.join();
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  std::int64_t total = 0;
  for (int i = 0; i < threads; ++i) total += counts[static_cast<std::size_t>(i) * 16];
  return static_cast<double>(total) / seconds;
}

// From posting a stop until the loop has left, with steps of 50 us: the worst of many, in microseconds beyond one step.
double stop_latency_us(int trials) {
  constexpr double kStepUs = 50;
  static const auto busy = [](runhook_context*, void*, std::int32_t ok) -> std::int32_t {
    const auto end = Clock::now() + std::chrono::microseconds(50);
    while (Clock::now() < end) {
    }
    return ok;
  };
  double worst = 0;
  for (int trial = 0; trial < trials; ++trial) {
    runhook_session_table table = RUNHOOK_SESSION_TABLE_INIT;
    table.resolve = busy;
    table.run = busy;
    runhook_monitored_session* session = bench::monitored(1, runhook_session_create(&table, nullptr));
    runhook_stop_source* source = runhook_monitored_session_stop_source(session, nullptr);
    Clock::time_point posted;
    std::thread poster([&] {
      std::this_thread::sleep_for(std::chrono::microseconds(500 + trial * 7));
      posted = Clock::now();
      runhook_stop_source_request_stop(source, 0, "enough", RUNHOOK_STOP_AFTER_STEP);
    });
    runhook_monitored_session_run_until_stop(session, nullptr, 0, nullptr, nullptr);
    const auto left = Clock::now();
    poster.join();
    worst = std::max(worst, std::chrono::duration<double, std::micro>(left - posted).count() - kStepUs);
    runhook_stop_source_destroy(source);
    runhook_monitored_session_destroy(session);
  }
  return worst;
}

// A step with these hooks, of which none is due.
double default_hooks_ns(bench::DefaultHooks::Which which, int rounds) {
  const bench::DefaultHooks hooks(which);
  double best = 1e9;
  for (int round = 0; round < rounds; ++round) {
    const auto begin = Clock::now();
    runhook_monitored_session_run_until_stop(hooks.session(), nullptr, kSteps, nullptr, nullptr);
    best = std::min(best, std::chrono::duration<double, std::nano>(Clock::now() - begin).count() / kSteps);
  }
  return best;
}

// Adding one scalar summary: the best of many rounds.
double scalar_summary_ns(int rounds) {
  bench::Summaries summaries;
  double best = 1e9;
  for (int round = 0; round < rounds; ++round) {
    const auto begin = Clock::now();
    summaries.add(kSteps);
    best = std::min(best, std::chrono::duration<double, std::nano>(Clock::now() - begin).count() / kSteps);
    summaries.write_out();
  }
  return best;
}

double python_ns(const char* script) {
  const std::string command = std::string("python3 '") + script + "' 8 20000";
  FILE* pipe = popen(command.c_str(), "r");
  double ns = 0;
  if (pipe == nullptr || std::fscanf(pipe, "%lf", &ns) != 1) ns = 0;
  if (pipe != nullptr) pclose(pipe);
  return ns;
}

BENCHMARK(bare)->Arg(0)->Arg(1)->Arg(8)->Arg(64)->Arg(1000);
BENCHMARK(bare_of_eight)->Arg(104)->Arg(1000);
BENCHMARK(driven)->Arg(0)->Arg(1)->Arg(8)->Arg(64);
BENCHMARK(stays)->Arg(0)->Arg(8);
BENCHMARK(stays_and_publishes)->Arg(0);
BENCHMARK(until_stop)->Arg(0)->Arg(1)->Arg(8)->Arg(64)->Arg(104)->Arg(1000);
BENCHMARK(compare_exchange);
BENCHMARK(signals)->Arg(8);
BENCHMARK(uninterested)->Arg(0)->Arg(64);
BENCHMARK(not_due_by_steps)->Arg(64);
BENCHMARK(not_due_by_time)->Arg(1)->Arg(64);
BENCHMARK(graph_plain);
BENCHMARK(graph_fetched);
BENCHMARK(many_sessions)->Arg(1)->Arg(10)->Arg(100)->Arg(1000);

// Keeps the calling thread on one processor while it lives: what moves between two is slow at first on both.
class Pinned {
 public:
  Pinned() {
    sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t one;
    CPU_ZERO(&one);
    for (int cpu = CPU_SETSIZE - 1; cpu >= 0; --cpu) {
      if (!CPU_ISSET(cpu, &before_)) continue;
      CPU_SET(cpu, &one);
      break;
    }
    sched_setaffinity(0, sizeof one, &one);
  }
  ~Pinned() { sched_setaffinity(0, sizeof before_, &before_); }
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;

 private:
  cpu_set_t before_;
};

// Keeps the fastest repetition of each benchmark, in nanoseconds per step.
class Collector : public benchmark::ConsoleReporter {
 public:
  Collector() : ConsoleReporter(OO_None) {}
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
      const std::string name = run.run_name.function_name + (run.run_name.args.empty() ? "" : "/" + run.run_name.args);
      const auto items = run.counters.find("items_per_second");
      if (items == run.counters.end()) continue;
      const double ns = 1e9 / items->second.value;
      const auto [entry, added] = best.emplace(name, ns);
      if (!added) entry->second = std::min(entry->second, ns);
      if (const auto count = run.counters.find("allocations"); count != run.counters.end()) {
        allocations += count->second.value;
      }
    }
  }
  double operator[](const std::string& name) const {
    const auto found = best.find(name);
    return found == best.end() ? 0 : found->second;
  }
  std::map<std::string, double> best;
  double allocations = 0;
};

class Table {
 public:
  void row(const char* what, const char* promised, bool kept, const char* format, auto... numbers) {
    char measured[160];
    std::snprintf(measured, sizeof measured, format, numbers...);
    std::printf("| %-62s | %-22s | %-44s | %s |\n", what, promised, measured, kept ? "kept" : "missed");
    missed += kept ? 0 : 1;
  }
  int missed = 0;
};

}  // namespace

int main(int argc, char** argv) {
  bool strict = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--strict") == 0) {
      strict = true;
      std::swap(argv[i], argv[argc - 1]);
      --argc;
    }
  }
  benchmark::Initialize(&argc, argv);
  Collector at;
  // With a second thread: without one the C and C++ libraries take short cuts that flatter what locks and counts.
  std::atomic<bool> measured{false};
  std::thread sleeper([&measured] { measured.wait(false); });
  double python = 0;
  {
    const Pinned pinned;
    benchmark::RunSpecifiedBenchmarks(&at);
    python = python_ns(RUNHOOK_PYTHON_LOOP);
  }
  measured.store(true);
  measured.notify_one();
  sleeper.join();

  std::printf("| %-62s | %-22s | %-44s |        |\n| --- | --- | --- | --- |\n", "what", "promised", "measured");
  Table table;
  const double empty = at["driven/0"] - at["bare/0"];
  const double exchange = at["compare_exchange"];
  table.row("empty step, no hooks, over the bare call of the session", "<= 1.5 comp.-exchanges",
            empty <= 1.5 * exchange, "%.2f (%.1f / %.1f ns)", empty / exchange, empty, exchange);
  const double stays = at["stays/0"] - at["bare/0"];
  table.row("the same for a loop that stays where it is", "<= 1.5 comp.-exchanges", stays <= 1.5 * exchange,
            "%.2f (%.1f ns; that publishes a number: %.1f ns)", stays / exchange, stays,
            at["stays_and_publishes/0"] - at["bare/0"]);
  const double library = at["until_stop/0"] - at["bare/0"];
  table.row("the same where the library drives", "<= 8 ns", library <= 8, "%.1f ns", library);
  const double stays_ratio = at["stays/8"] / at["driven/8"];
  table.row("8 hooks, a loop that stays where it is, against run()", "<= 1.2x", stays_ratio <= 1.2,
            "%.2fx (%.1f / %.1f ns)", stays_ratio, at["stays/8"], at["driven/8"]);
  const std::pair<const char*, double> counts[] = {{"1", 1.8}, {"8", 0.75}, {"64", 0.4}};
  for (const auto& [n, limit] : counts) {
    const std::string hooks = n;
    const double ratio = at["until_stop/" + hooks] / at["bare/" + hooks];
    const double added = (at["until_stop/" + hooks] - at["until_stop/0"]) / (at["bare/" + hooks] - at["bare/0"]);
    const std::string what = hooks + " hook(s), before and after, against a bare array";
    char promised[32];
    std::snprintf(promised, sizeof promised, "<= %.2fx", limit);
    table.row(what.c_str(), promised, ratio <= limit, "%.2fx (%.1f / %.1f ns; hooks alone %.2fx)", ratio,
              at["until_stop/" + hooks], at["bare/" + hooks], added);
  }
  if (at["signals/8"] > 0) {
    const double ratio = at["signals/8"] / at["until_stop/8"];
    table.row("8 hooks, boost::signals2 against ours", ">= 14x", ratio >= 14, "%.1fx (%.0f ns)", ratio,
              at["signals/8"]);
  } else {
    std::printf("| 8 hooks, boost::signals2 against ours: not measured, libboost-dev is not installed | | | |\n");
  }
  table.row("8 hooks, a Python loop of the reference's shape against ours", ">= 250x",
            python / at["until_stop/8"] >= 250, "%.0fx (%.0f ns)", python / at["until_stop/8"], python);
  const double idle = (at["uninterested/64"] - at["uninterested/0"]) / 64;
  table.row("hook that wants no callback of the step", "<= 2 ns", idle <= 2, "%.2f ns", idle);
  const double by_steps = (at["not_due_by_steps/64"] - at["until_stop/0"]) / 64;
  const double by_time = (at["not_due_by_time/64"] - at["until_stop/0"]) / 64;
  table.row("hook that is not due, of 64", "<= 2 ns", by_steps <= 2 && by_time <= 2,
            "%.2f ns (by time: %.2f ns; a single one %.1f ns)", by_steps, by_time,
            at["not_due_by_time/1"] - at["until_stop/0"]);
  const double fetch_ratio = at["graph_fetched"] / at["graph_plain"];
  table.row("8 hooks fetching a scalar of a graph, against the graph alone", "<= 3x", fetch_ratio <= 3,
            "%.2fx (%.0f / %.0f ns)", fetch_ratio, at["graph_fetched"], at["graph_plain"]);
  table.row("the same: allocations in the steady state", "0", at.allocations == 0, "%.0f", at.allocations);
  // Data that no longer fits the nearest cache costs more by itself, so an array says what linear is. It has as many
  // call sites as the library: with one of them it pays for its branches long before, and hides the growth.
  const auto growth = [&at](const std::string& of) { return at[of + "/1000"] / at[of + "/104"] * 104 / 1000; };
  const double linear = growth("until_stop") / growth("bare_of_eight");
  table.row("cost of a hook, 1,000 against 104 hooks", "linear, as an array", linear <= 1.25,
            "%.2fx per hook (array of eight call sites: %.2fx)", growth("until_stop"), growth("bare_of_eight"));
  const double thousand = at["until_stop/1000"] / at["bare/1000"];
  table.row("1,000 hooks, before and after, against a bare array", "<= 1x", thousand <= 1, "%.2fx (%.0f / %.0f ns)",
            thousand, at["until_stop/1000"], at["bare/1000"]);
  const double sessions = at["many_sessions/1000"] / at["many_sessions/1"];
  table.row("cost of a step, 1,000 sessions against 1", "linear", sessions <= 2, "%.2fx per step (100: %.2fx)",
            sessions, at["many_sessions/100"] / at["many_sessions/1"]);
  double scaling = 0;
  for (int i = 0; i < 5; ++i) scaling = std::max(scaling, steps_per_second(2) / steps_per_second(1));
  table.row("two threads with a session each against one", ">= 1.9x", scaling >= 1.9, "%.2fx", scaling);
  const double latency = stop_latency_us(200);
  table.row("stop posted from a thread until the loop has left, worst of 200", "step + 1 ms", latency <= 1000,
            "step + %.0f us", latency);
  using Which = bench::DefaultHooks::Which;
  const double no_hooks = default_hooks_ns(Which::none, 200);
  const double all_hooks = default_hooks_ns(Which::all, 200) - no_hooks;
  table.row("all default hooks, none due, over the loop without hooks", "< 1 us", all_hooks < 1000, "%.0f ns",
            all_hooks);
  const double logging = default_hooks_ns(Which::all_and_logging, 200) - no_hooks - all_hooks;
  table.row("logging a value to all default hooks in every step", "<= 1 us", logging <= 1000, "%.0f ns", logging);
  const double progress = default_hooks_ns(Which::progress, 200) - no_hooks;
  table.row("progress display, over the loop without it", "<= 2 ns", progress <= 2, "%.2f ns", progress);
  const double scalar = scalar_summary_ns(50);
  table.row("adding a scalar summary", "<= 1 us", scalar <= 1000, "%.0f ns", scalar);
  return strict && table.missed > 0 ? 1 : 0;
}
