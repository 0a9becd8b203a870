// make_directories WHAT DIR [NUMBER]: makes what the program is to look at.
//   checkpoints   five checkpoints with variables of many kinds, state and metrics
//   others        one that differs from the last of these
//   many          NUMBER small ones
//   run           what two runs with the default hooks leave, the second of which goes on from an earlier step
//   failed        what a run leaves that has failed
//   own, read     as `checkpoints`; then owns it, or reads its NUMBERth step, until standard input ends
#include <array>
#include <complex>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <limits>
#include <string>
#include <string_view>

#include "checkpoint/checkpoint_writer.hpp"
#include "checkpoint/file_system.hpp"
#include "runhook/checkpoint.hpp"
#include "runhook/default_hooks.hpp"
#include "runhook/monitored_session.hpp"

namespace {

using namespace runhook;
using Shape = std::array<std::int64_t, 2>;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

Snapshot snapshot_at(std::int64_t step) {
  Snapshot snapshot;
  snapshot.global_step = step;
  const std::array<float, 6> weights{-1.5F, 0.25F, 2, kNaN, kInfinity, static_cast<float>(step)};
  snapshot.set("weights", DType::float32, Shape{2, 3}, weights.data());
  const std::array<std::int64_t, 2> counts{std::int64_t{1} << 60, (std::int64_t{1} << 60) + step / 100};
  snapshot.set("counts", DType::int64, std::array<std::int64_t, 1>{2}, counts.data());
  const std::complex<double> z(3, -4);
  snapshot.set("z", DType::complex128, {}, &z);
  snapshot.set("empty", DType::float64, Shape{0, 3}, nullptr);
  snapshot.set("step", Value::scalar(static_cast<double>(step) / 100));
  snapshot.set("flag", Value::scalar(true));
  snapshot.set("note", Value::string("two\nlines"));
  const std::array<unsigned char, 3> bytes{0, 0xFF, 0x10};
  snapshot.set("raw", Value::bytes(std::as_bytes(std::span(bytes))));
  snapshot.set_state("sampler", "seed " + std::to_string(step));
  snapshot.set_state("runhook/steps", "same");
  snapshot.set_metric("loss", step == 200 ? 0.125 : 1.0 / static_cast<double>(step));
  snapshot.set_metric("accuracy", step == 100 ? 0.75 : 0.5);
  return snapshot;
}

void save_checkpoints(const std::string& directory) {
  CheckpointStore store(directory, {.keep = {.last = 0}, .session = "0123abcd"});
  for (std::int64_t step = 100; step <= 500; step += 100) store.save(snapshot_at(step));
  pin_checkpoint(directory, 100);
}

// Another one, to be compared with the last of `checkpoints`.
void save_others(const std::string& directory) {
  Snapshot snapshot;
  snapshot.global_step = 500;
  const std::array<float, 6> weights{kNaN, 0.25F, 2, kNaN, kInfinity, 500};
  snapshot.set("weights", DType::float32, Shape{2, 3}, weights.data());
  const std::array<std::int64_t, 3> counts{};
  snapshot.set("counts", DType::int64, std::array<std::int64_t, 1>{3}, counts.data());
  snapshot.set("step", Value::scalar(3.0));
  snapshot.set("flag", Value::scalar(std::int32_t{1}));
  const std::array<unsigned char, 2> bytes{0, 0xFF};
  snapshot.set("note", Value::bytes(std::as_bytes(std::span(bytes))));
  snapshot.set("raw", Value::bytes(std::as_bytes(std::span(bytes))));
  snapshot.set("extra", Value::scalar(1.0));
  CheckpointStore(directory).save(snapshot);
}

// By the writer alone: an owner looks at all there are each time.
void save_many(const std::string& directory, std::int64_t count) {
  std::filesystem::create_directories(directory);
  detail::CheckpointWriter writer(detail::system_files(), directory, Durability::process_crash, "0123abcd");
  for (std::int64_t step = 0; step < count; ++step) {
    Snapshot snapshot;
    snapshot.global_step = step;
    snapshot.set("x", Value::scalar(static_cast<double>(step)));
    snapshot.set_state("sampler", "seed");
    snapshot.set_metric("loss", 1.0 / static_cast<double>(step + 1));
    writer.commit(snapshot);
  }
}

// Steps after `first` up to `last`, each of which logs half of its number.
void run_steps(const std::string& directory, std::int64_t first, std::int64_t last, bool fails) {
  Config config;
  config.set_inline({.initial_step = first});
  DefaultHooks wanted{.dir = directory, .keep_all = true, .parameters = R"({"rate": 0.1})", .quiet = true};
  wanted.stop_on_signal = false;
  config.add_hooks(default_hooks(wanted));
  MonitoredSession session(config);
  for (InlineStep& step : session.steps()) {
    if (fails && step.number() == last) {
      step.fail(StatusCode::data_loss, "the data is gone");
      continue;
    }
    step.log_scalar("loss", 0.5 * static_cast<double>(step.number()));
    if (step.number() % 4 == 0) step.log_text("phase", "one of\nmany");
    if (step.number() == last) step.request_stop("that was all");
  }
  session.close();
}

void wait_for_end_of_input() {
  std::puts("ready");
  std::fflush(stdout);
  std::string line;
  while (std::getline(std::cin, line)) {
  }
}

int make(std::string_view what, const std::string& directory, std::int64_t number) {
  if (what == "many") {
    save_many(directory, number);
  } else if (what == "others") {
    save_others(directory);
  } else if (what == "run") {
    run_steps(directory, 0, 10, false);
    run_steps(directory, 4, 6, false);
  } else if (what == "failed") {
    try {
      run_steps(directory, 0, 4, true);
    } catch (const StatusError& failed) {
      return failed.code() == StatusCode::data_loss ? 0 : 1;
    }
  } else {
    save_checkpoints(directory);
    if (what == "own") {
      const CheckpointStore store(directory, {.session = "owner-1"});
      wait_for_end_of_input();
    } else if (what == "read") {
      const StoredCheckpoint checkpoint = open_checkpoint(directory, number);
      wait_for_end_of_input();
    } else if (what != "checkpoints") {
      return 2;
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  try {
    return make(argv[1], argv[2], argc > 3 ? std::atoll(argv[3]) : 0);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
