// report_pages FOLDER: writes run reports of every kind there, for report_browser.py to look at.
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <string>

#include "report/run_report.hpp"

namespace {

using namespace runhook;
using namespace runhook::detail;
using namespace runhook::detail::report;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Error located(StatusCode code, std::string_view text, std::string_view hook, std::string_view callback,
              std::int64_t step) {
  Error error(code, text);
  error.locate(hook, callback, step);
  return error;
}

// A number between 0 and 1 that depends on `i` only.
double noise(int i) { return std::fabs(std::fmod(std::sin(i * 12.9898) * 43758.5453, 1.0)); }

NamedSeries curve(std::string name, int values, double (*value)(int), int every = 10) {
  NamedSeries series;
  series.name = std::move(name);
  for (int i = 0; i < values; ++i) series.data.add(every * (i + 1), value(i));
  return series;
}

CallbackTiming callback(std::string hook, std::string name, std::int64_t samples, std::int64_t mean_ns,
                        std::int64_t max_ns, std::int64_t total_ns) {
  CallbackTiming timing;
  timing.hook = std::move(hook);
  timing.callback = std::move(name);
  timing.samples = samples;
  timing.mean_ns = mean_ns;
  timing.max_ns = max_ns;
  timing.total_ns = total_ns;
  return timing;
}

Timings timings() {
  Timings made;
  made.runs = 12000;
  StepTiming& step = made.step;
  step.samples = 4200;
  step.mean_ns = 8'140'000;
  step.p50_ns = 7'900'000;
  step.p90_ns = 9'800'000;
  step.p99_ns = 21'000'000;
  step.max_ns = 44'000'000;
  for (int i = 0; i < 26; ++i) {
    const double from = 5e6 * std::pow(2.0, i / 8.0);
    const double usual = 4000 * std::exp(-std::pow((i - 5.5) / 2.2, 2));
    const double slow = i > 14 && i < 19 ? 60 : 0;
    step.buckets.push_back({static_cast<std::int64_t>(from), static_cast<std::int64_t>(from * std::pow(2.0, 1 / 8.0)),
                            static_cast<std::int64_t>(usual + slow) + (i == 25 ? 1 : 0)});
  }
  made.session_run.total_ns = 93 * kSecond;
  made.callbacks = {callback("loss logger", "before_run", 4200, 900, 41'000, 11'000'000),
                    callback("loss logger", "after_run", 4200, 6'100, 400'000, 73'000'000),
                    callback("checkpoint saver", "after_run", 12, 180'000'000, 310'000'000, 2'160'000'000),
                    callback("checkpoint saver", "end", 1, 172'000'000, 172'000'000, 172'000'000),
                    callback("accuracy", "after_run", 4200, 41'000, 900'000, 492'000'000),
                    callback("NaN guard", "after_run", 4200, 310, 8'000, 3'700'000)};
  return made;
}

RunMark mark(MarkKind kind, double begin, double seconds, std::int64_t step, std::string text,
             std::vector<std::string> details = {}) {
  const auto ns = [](double at) { return static_cast<std::int64_t>(at * 1e9); };
  return {kind, kSecond + ns(begin), kSecond + ns(begin + seconds), step, std::move(text), std::move(details), 0};
}

void count_marks(RunReport& report) {
  for (const RunMark& one : report.marks) ++report.mark_counts[static_cast<std::size_t>(one.kind)];
}

const std::vector<std::string> kStack = {
    "  #0 __futex_abstimed_wait_common+0xe6 (libc.so.6+0x8bf96)", "  #1 train+0x1a2bc",
    "  #2 std::thread::_State_impl<std::thread::_Invoker<std::tuple<work(queue<int>&), "
    "std::reference_wrapper<queue<int> > > > >::_M_run()+0x25 (train+0x1c0d5)",
    "  addr2line -Cfpe /srv/models/train 0x1a2bb"};

RunReport typical() {
  RunReport report;
  report.title = "Fashion-MNIST, two layers";
  report.started = std::chrono::system_clock::time_point(std::chrono::seconds(1'790'000'000));
  report.written = report.started + std::chrono::seconds(103);
  report.start_ns = kSecond;
  report.duration_ns = 102'700'000'000;
  report.library_version = "1.0.0";
  report.outcome.step = 12000;
  report.outcome.runs = 12000;
  report.series.push_back(curve("loss", 1200, [](int i) {
    return 2.4 * std::exp(-i / 160.0) + 0.0003 + 0.0002 * noise(i) + 0.3 * std::exp(-i / 150.0) * noise(i + 7);
  }));
  report.series.push_back(
      curve("accuracy", 1200, [](int i) { return 0.1 + 0.78 * (1 - std::exp(-i / 180.0)) + 0.03 * (noise(i) - 0.5); }));
  report.series.push_back(curve("learning_rate", 1200, [](int i) { return i < 400 ? 1e-3 : i < 800 ? 3e-4 : 1e-4; }));
  report.series.push_back(curve("examples_seen", 1200, [](int i) { return 640.0 * i; }));
  for (int i = 0; i < 101; ++i) {
    report.speed.add((i + 1) * kSecond, i % 25 == 0 ? 40.0 : i > 60 && i < 66 ? 3.0 : 115 + 20 * noise(i));
  }
  report.marks = {
      mark(MarkKind::save, 0.4, 0.02, 40, ""),
      mark(MarkKind::evaluation, 25.1, 0.7, 2900, "validation"),
      mark(MarkKind::evaluation, 50.1, 0.7, 5800, "validation"),
      mark(MarkKind::stall, 60.5, 5.5, 7000,
           "hook 'loss logger': after_run has been going on for 5.004 s at step 7000 (thread 4711)", kStack),
      mark(MarkKind::recovery, 70, 2.5, 7800,
           "UNAVAILABLE: session_run at step 7801: the connection to worker 3 was reset"),
      mark(MarkKind::evaluation, 75.1, 0.7, 8700, "validation")};
  count_marks(report);
  report.process.command = {"./train", "--config=configs/fashion.toml", "--note", "it's the 3rd try"};
  report.process.host = "node-17";
  report.process.pid = 31337;
  report.process.working_directory = "/srv/models";
  report.files = {{"run.json", "what ran and how it ended, for programs"},
                  {"metrics.jsonl", "metrics: DuckDB, pandas"},
                  {"events.out.tfevents.1790000000.node-17.31337.0", "TensorBoard"},
                  {"earlier/", "what earlier runs have left"}};
  report.facts = {{"Host", "node-17"}, {"Configuration", "configs/fashion.toml"}, {"Batch size", "64"}};
  report.timings = timings();
  return report;
}

RunReport stopped() {
  RunReport report = typical();
  Outcome& outcome = report.outcome;
  outcome.kind = OutcomeKind::stopped;
  outcome.stop.origin = StopOrigin::hook;
  outcome.stop.set_who("accuracy");
  outcome.stop.set_text("'accuracy' has reached 0.88: 0.8812");
  outcome.stop.step = 12000;
  outcome.stop.time_ns = report.start_ns + 102'600'000'000;
  outcome.recoveries = 1;
  outcome.warnings = 1201;
  report.warnings = {
      {located(StatusCode::unavailable, "cannot write '/data/log.jsonl': No space left on device", "loss logger",
               "after_run", 4200),
       1200, 11000},
      {located(StatusCode::deadline_exceeded, "the step took longer than 500 ms", "", "", 9001), 1, 9001}};
  StopReason late;
  late.origin = StopOrigin::signal;
  late.code = 15;
  late.step = 12000;
  late.time_ns = outcome.stop.time_ns + 1'000'000;
  report.later_stops = {late};
  return report;
}

RunReport failed() {
  RunReport report = typical();
  Outcome& outcome = report.outcome;
  outcome.kind = OutcomeKind::failed;
  outcome.step = 9440;
  outcome.runs = 9440;
  outcome.error = located(StatusCode::data_loss, "'loss' is NaN", "NaN guard", "after_run", 9440);
  Error later = located(StatusCode::permission_denied, "cannot make '/readonly/checkpoints': Read-only file system",
                        "checkpoint saver", "cleanup", 9440);
  later.add_suppressed(located(StatusCode::internal, "and the folder beside it is gone", "checkpoint saver", "", -1));
  outcome.error.add_suppressed(later);
  outcome.error.add_suppressed(
      located(StatusCode::unavailable, "the connection was reset", "metrics", "cleanup", 9440));
  report.series.clear();
  report.series.push_back(curve("loss", 944, [](int i) {
    return i == 600 || i > 940 ? kNan
           : i > 900           ? std::exp((i - 900) / 3.0)
                               : 2.0 * std::exp(-i / 300.0) + 0.1 * noise(i);
  }));
  report.series.push_back(curve("gradient_norm", 944, [](int i) { return i > 940 ? INFINITY : 1 + noise(i); }));
  report.series.push_back(curve("all_nan", 3, [](int) { return kNan; }));
  report.series.push_back(curve("one_value", 1, [](int) { return 0.25; }));
  report.series.push_back(curve("constant", 50, [](int) { return 3.0; }));
  report.series.push_back(curve("huge", 50, [](int i) { return (i % 2 == 0 ? 1.0 : -1.0) * 1.7e308; }));
  return report;
}

RunReport running() {
  RunReport report = typical();
  report.outcome.kind = OutcomeKind::running;
  return report;
}

RunReport many() {
  RunReport report = typical();
  report.outcome.kind = OutcomeKind::end_of_input;
  report.series.clear();
  for (int i = 0; i < 300; ++i) {
    report.series.push_back(curve("layer/" + std::to_string(i) + "/weights_norm", 400,
                                  [](int at) { return std::sin(at / 40.0) + noise(at); }));
  }
  for (int i = 0; i < 300; ++i) {
    report.timings.callbacks.push_back(
        callback("hook#" + std::to_string(i), "after_run", 10, 1000, 2000, 1000 * (i + 1)));
  }
  return report;
}

RunReport forty() {
  RunReport report = typical();
  report.outcome.kind = OutcomeKind::completed;
  report.series.clear();
  const auto add = [&report](std::string name, int values, double (*value)(int), int every = 10) {
    report.series.push_back(curve(std::move(name), values, value, every));
  };
  for (const char* metric : {"loss", "accuracy", "top5"}) {
    add(std::string("train/") + metric, 1200, [](int i) { return std::exp(-i / 200.0) + 0.1 * noise(i); });
    add(
        std::string("validation/") + metric, 12,
        [](int i) { return std::exp(-i / 2.0) + 0.2 + 0.01 * i + 0.03 * noise(i); }, 1000);
  }
  add("perplexity_train", 300, [](int i) { return 40 * std::exp(-i / 90.0) + 3 + noise(i); });
  add(
      "perplexity_val", 30, [](int i) { return 40 * std::exp(-i / 9.0) + 6 + noise(i); }, 100);
  add(
      "perplexity_test", 3, [](int i) { return 30.0 - 8 * i; }, 1000);
  for (int i = 0; i < 16; ++i) {
    add("gradient/layer" + std::to_string(i), 600, [](int at) { return 1 + noise(at) + std::sin(at / 60.0); });
  }
  for (int i = 0; i < 12; ++i) {
    add("memory/device" + std::to_string(i), 600, [](int at) { return 2e9 + 1e7 * noise(at); });
  }
  for (const char* name : {"learning_rate", "examples", "queue"}) add(name, 600, [](int at) { return 1.0 + at; });
  return report;
}

// A run that was over before anything was sampled twice.
RunReport second() {
  RunReport report = typical();
  report.outcome.kind = OutcomeKind::completed;
  report.outcome.step = report.outcome.runs = 7;
  report.duration_ns = 800'000'000;
  report.written = report.started + std::chrono::seconds(1);
  report.timings = Timings();
  report.speed = Series();
  report.marks.clear();
  report.mark_counts = {};
  report.series.clear();
  report.series.push_back(curve("loss", 2, [](int i) { return 2.0 - i; }));
  return report;
}

RunReport week() {
  RunReport report = typical();
  report.outcome.kind = OutcomeKind::stopped;
  report.outcome.stop.origin = StopOrigin::signal;
  report.outcome.stop.code = 15;
  report.outcome.step = report.outcome.runs = 72'000'000;
  report.duration_ns = 7 * 24 * 3600 * kSecond + 1800 * kSecond;
  report.written = report.started + std::chrono::seconds(7 * 24 * 3600 + 1800);
  report.speed = Series();
  for (int i = 0; i < 7 * 24 * 60; ++i) {
    report.speed.add((i + 1) * 60 * kSecond, (i % 1440 < 60 ? 90.0 : 118.0) + 8 * noise(i));
  }
  report.marks.clear();
  for (int i = 0; i < 168; ++i) {
    report.marks.push_back(mark(MarkKind::evaluation, 3600.0 * (i + 1), 95, 428'000LL * (i + 1), "validation"));
  }
  report.marks.insert(report.marks.begin(), mark(MarkKind::recovery, 90'000, 400, 10'700'000,
                                                 "UNAVAILABLE: session_run at step 10700001: preempted"));
  report.mark_counts = {168, 1, 0, 0};
  report.series.resize(2);
  return report;
}

// What would do harm if it were not escaped, cut or kept within its place.
RunReport hostile() {
  const std::string markup = "</title></style><script>document.title='owned'</script><img src=x onerror=alert(1)>";
  const std::string attribute = "\"onload=\"alert(1)\" ' & \xff\xfe \xe2\x80\xae right to left";
  const std::string endless(600, 'W');
  RunReport report = stopped();
  report.title = markup + endless;
  report.outcome.kind = OutcomeKind::failed;
  report.outcome.error = located(StatusCode::internal, markup + attribute, endless, attribute, 1);
  report.outcome.error.add_suppressed(located(StatusCode::internal, endless, markup, markup, 2));
  report.outcome.stop.set_who(markup);
  report.outcome.stop.set_text(attribute);
  report.warnings = {{located(StatusCode::internal, endless + " " + markup, attribute, endless, 3), 2, 4}};
  report.marks = {mark(MarkKind::stall, 1, 2, 3, markup + endless, {markup, attribute, endless})};
  report.process.command = {markup, attribute, endless};
  report.process.host = report.process.working_directory = markup;
  report.files = {{markup, "what harms"}, {attribute + endless, "what harms"}};
  report.series.push_back(curve(markup, 40, [](int i) { return i * 1.0; }));
  report.series.push_back(curve(attribute + endless, 40, [](int i) { return -i * 1e300; }));
  report.timings.callbacks.push_back(callback(markup + endless, attribute, 1, 9 * kSecond, 9 * kSecond, 9 * kSecond));
  report.facts = {{markup, endless}, {endless, attribute}};
  report.library_version = markup;
  return report;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return EXIT_FAILURE;
  const auto write = [folder = std::filesystem::path(argv[1])](const char* name, const RunReport& report) {
    std::ofstream(folder / name, std::ios::binary) << render_html(report);
  };
  write("stopped.html", stopped());
  write("failed.html", failed());
  write("running.html", running());
  write("many.html", many());
  write("hostile.html", hostile());
  write("forty.html", forty());
  write("second.html", second());
  write("week.html", week());
  write("empty.html", RunReport());
  RunReport completed;
  completed.outcome.kind = OutcomeKind::completed;
  write("completed.html", completed);
  std::cout << "10 pages\n";
  return EXIT_SUCCESS;
}
