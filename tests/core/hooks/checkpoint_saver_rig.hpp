// A session that is saved by a CheckpointSaverHook, with what may go wrong.
#ifndef RUNHOOK_TESTS_CORE_HOOKS_CHECKPOINT_SAVER_RIG_HPP_
#define RUNHOOK_TESTS_CORE_HOOKS_CHECKPOINT_SAVER_RIG_HPP_

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "checkpoint/file_system.hpp"
#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"
#include "eventually.hpp"
#include "folder.hpp"
#include "runhook/graph_session.hpp"
#include "runhook/hooks/checkpoint_saver.hpp"
#include "runhook/hooks/metrics.hpp"

namespace runhook_test {

// Does as it is told.
struct Listener final : runhook::CheckpointSaverListener {
  void begin(runhook::SessionRunContext&) override { calls.emplace_back("begin"); }
  bool before_save(runhook::SessionRunContext&, std::int64_t step) override {
    calls.push_back("before " + std::to_string(step));
    return step != vetoed;
  }
  bool after_save(runhook::SessionRunContext&, std::int64_t step) override {
    calls.push_back("after " + std::to_string(step));
    if (on_saved) on_saved(step);
    return stops;
  }
  void end(runhook::SessionRunContext&, std::int64_t step) override { calls.push_back("end " + std::to_string(step)); }
  std::function<void(std::int64_t)> on_saved;
  std::vector<std::string> calls;
  std::int64_t vetoed = -1;
  bool stops = false;
};

// A hook that remembers a number.
struct Counting final : runhook::SessionRunHook {
  std::string_view name() const override { return "counting"; }
  void after_run(runhook::SessionRunContext&, const runhook::SessionRunValues&) override { ++count; }
  std::optional<std::string> save(runhook::SessionRunContext&) override {
    if (fails) fail(runhook::StatusCode::internal, "cannot be saved");
    return std::to_string(count);
  }
  void restore(runhook::SessionRunContext& context, std::string_view state) override {
    restored_at = context.global_step();
    count = std::stoi(std::string(state));
  }
  int count = 0;
  std::int64_t restored_at = -1;
  bool fails = false;
};

// The next writes fail as long as it is full.
struct FullDisk final : runhook::detail::FileSystem {
  int reserve(int fd, std::uint64_t size) override {
    if (!full) return FileSystem::reserve(fd, size);
    errno = ENOSPC;
    return -1;
  }
  std::atomic<bool> full = false;
};

// Writes wait while it is shut.
struct ShutDisk final : runhook::detail::FileSystem {
  int reserve(int fd, std::uint64_t size) override {
    is_waited_for = true;
    while (shut) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return FileSystem::reserve(fd, size);
  }
  int list(const std::string& directory, std::vector<std::string>& names) override {
    if (shut || can_be_listed) return FileSystem::list(directory, names);
    errno = EIO;
    return -1;
  }
  std::jthread open_soon() {
    return std::jthread([this] {
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      shut = false;
    });
  }
  // Until a save has looked at what is there, and is to write.
  void wait_for_a_save() const {
    EXPECT_TRUE(eventually([this] { return is_waited_for.load(); }));
  }
  std::atomic<bool> shut = true;
  std::atomic<bool> can_be_listed = true;  // once it is open
  std::atomic<bool> is_waited_for = false;
};

// Fails at a step.
struct Failing final : runhook::CheckpointSaverListener {
  void begin(runhook::SessionRunContext&) override {
    if (at_begin) fail(code);
  }
  bool before_save(runhook::SessionRunContext&, std::int64_t step) override {
    if (step == before) fail(code);
    return true;
  }
  bool after_save(runhook::SessionRunContext&, std::int64_t step) override {
    if (step == after) fail(code);
    return false;
  }
  bool at_begin = false;
  std::int64_t before = -1, after = -1;
  runhook::StatusCode code = runhook::StatusCode::internal;
};

// A graph whose step adds 1 to the global step, and 2 to x.
class CheckpointSaverHookTest : public testing::Test {
 protected:
  CheckpointSaverHookTest() {
    train.fetches = "STEP";
    options.checkpoints.directory = folder.file("checkpoints");
    rig.config.clock = clock;
    runhook::Graph graph;
    graph.global_step();
    graph.variable("x", runhook::Value::scalar(0.0));
    graph.function("ADD", {.updates = {"x"}}, [](runhook::KernelContext& context) {
      context.assign(0, runhook::Value::scalar(context.variable(0).to_double() + 2));
      context.set_output(0, context.variable(0));
    });
    graph.increment_global_step("STEP", {"ADD"});
    rig.make = runhook::graph_session_factory(graph);
  }
  void add_hook(runhook::Trigger trigger = runhook::Trigger::never(),
                runhook::FailurePolicy policy = runhook::FailurePolicy::fail) {
    runhook::HookRegistration hook = runhook::CheckpointSaverHook::make(options, std::move(trigger));
    hook.options.failure_policy = policy;
    rig.config.add_hook(std::move(hook));
  }
  std::unique_ptr<runhook::MonitoredSession> start_anew(runhook::Trigger trigger = runhook::Trigger::never()) {
    rig.config.hooks.clear();
    add_hook(std::move(trigger));
    return rig.start();
  }
  // Saves are asynchronous, and wait for it. There is none at the start.
  std::shared_ptr<ShutDisk> shut_disk() {
    const auto disk = std::make_shared<ShutDisk>();
    options.checkpoints.file_system = disk;
    options.checkpoints.asynchronous = true;
    options.save_at_start = false;
    return disk;
  }
  // The hook saves with one that the test can ask, too.
  std::shared_ptr<runhook::CheckpointSaver> give_saver() {
    const auto saver = std::make_shared<runhook::CheckpointSaver>(options.checkpoints);
    options.saver = saver;
    options.checkpoints.directory.clear();
    return saver;
  }
  std::vector<std::int64_t> saved() const {
    std::vector<std::int64_t> steps;
    for (const runhook::CheckpointSummary& one : runhook::list_checkpoints(folder.file("checkpoints")))
      steps.push_back(one.step);
    return steps;
  }
  // Until a save that the run has not waited for is over: then the directory can be owned.
  void wait_until_saved() const {
    EXPECT_TRUE(eventually([this] {
      try {
        const runhook::CheckpointStore other(options.checkpoints.directory);
        return !other.list().empty();
      } catch (const runhook::StatusError&) {  // it has an owner still
        return false;
      }
    }));
  }
  // What is there as soon as this step has been saved, as if the process had been killed then, is the folder from then on.
  void die_after(std::int64_t step, const std::string& copy) {
    const auto listener = std::make_shared<Listener>();
    listener->on_saved = [this, step, copy](std::int64_t saved_step) {
      if (saved_step == step) std::filesystem::copy(folder.path(), copy, std::filesystem::copy_options::recursive);
    };
    options.listeners = {listener};
  }
  void add_metrics(const std::string& path, runhook::MetricsOptions metrics = {}) {
    metrics.path = path;
    metrics.only_logged = true;
    metrics.output.flush_interval = std::chrono::hours(1);
    rig.config.add_hook(runhook::MetricsHook::make(std::move(metrics)));
    const auto logging = rig.hook();
    logging->on_after = [](runhook::SessionRunContext& context) {
      const std::int64_t step = context.global_step();
      context.log_int64("each", step);
      if (step <= 2) context.log_int64("rare", 10 * step);
    };
  }
  // The step and what follows the attempt, of each row.
  static std::vector<std::string> rows(const std::string& path) {
    std::vector<std::string> found;
    std::istringstream text(content(path));
    for (std::string line; std::getline(text, line);) {
      const std::size_t values = line.find(',', line.find("\"attempt\"")) + 1;
      found.push_back(line.substr(8, line.find(',') - 8) + ": " + line.substr(values, line.size() - 1 - values));
    }
    return found;
  }
  double x(runhook::MonitoredSession& session) const { return session.session()->read_variable("x").to_double(); }

  const Folder folder;
  const std::shared_ptr<runhook::ManualClock> clock = std::make_shared<runhook::ManualClock>();
  runhook::CheckpointSaverHookOptions options;
  runhook::SessionRunArgs train;
  LoopRig rig;
};

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_CORE_HOOKS_CHECKPOINT_SAVER_RIG_HPP_
