// Checkpoints through the C ABI.
#include "runhook/checkpoint.h"

#include <gmock/gmock.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "capi/scripted.hpp"
#include "folder.hpp"

namespace {

using namespace runhook_test;
using ::testing::Contains;
using ::testing::HasSubstr;

class Checkpoint : public NoHandlesLeft {
 protected:
  Checkpoint() { options.directory = directory.c_str(); }
  void TearDown() override {
    error.out();
    NoHandlesLeft::TearDown();
  }
  runhook_checkpoint_store* open() { return runhook_checkpoint_store_create(directory.c_str(), nullptr, error.out()); }
  runhook_status add(Loop& loop) {
    runhook_builtin_hook* const hook = runhook_checkpoint_hook_create(&options, error.out());
    if (hook == nullptr) return error.code();
    const runhook_status status = runhook_config_add_builtin_hook(loop.config, hook, nullptr, error.out());
    runhook_builtin_hook_destroy(hook);
    return status;
  }
  // The variable "x" of the checkpoints.
  void save_number(double& x) {
    number = {"x", &x, 1, RUNHOOK_FLOAT64, 0};
    options.memory = &number;
    options.memory_count = 1;
  }
  void save_step(int64_t step) {
    runhook_checkpoint_store* const store = open();
    runhook_snapshot* const snapshot = runhook_snapshot_create(nullptr);
    runhook_snapshot_set_global_step(snapshot, step, nullptr);
    EXPECT_EQ(runhook_checkpoint_store_save(store, snapshot, nullptr, error.out()), RUNHOOK_OK) << error.message();
    runhook_snapshot_destroy(snapshot);
    runhook_checkpoint_store_destroy(store);
  }
  const Folder folder;
  const std::string directory = folder.file("checkpoints");
  runhook_memory number = {};
  runhook_checkpoint_options options = RUNHOOK_CHECKPOINT_OPTIONS_INIT;
  Caught error;
};

TEST_F(Checkpoint, StoreRestoresWhatItHasSaved) {
  runhook_checkpoint_store* store = open();
  ASSERT_NE(store, nullptr) << error.message();
  EXPECT_EQ(runhook_checkpoint_store_restore(store, error.out()), nullptr);
  EXPECT_EQ(error.code(), RUNHOOK_ERR_NOT_FOUND);

  runhook_snapshot* snapshot = runhook_snapshot_create(nullptr);
  const std::array<double, 3> numbers{1, 2, 3};
  const int64_t three = 3;
  EXPECT_EQ(runhook_snapshot_set_array(snapshot, "x", RUNHOOK_FLOAT64, 1, &three, numbers.data(), error.out()),
            RUNHOOK_OK);
  EXPECT_EQ(runhook_snapshot_set_state(snapshot, "generator", "\0\1", 2, error.out()), RUNHOOK_OK);
  EXPECT_EQ(runhook_snapshot_set_metric(snapshot, "loss", 0.5, error.out()), RUNHOOK_OK);
  EXPECT_EQ(runhook_snapshot_set_global_step(snapshot, 9, error.out()), RUNHOOK_OK);
  int32_t written = -1;
  EXPECT_EQ(runhook_checkpoint_store_save(store, snapshot, &written, error.out()), RUNHOOK_OK);
  EXPECT_EQ(written, 1);
  EXPECT_EQ(runhook_checkpoint_store_save(store, snapshot, &written, error.out()), RUNHOOK_OK);
  EXPECT_EQ(written, 0);
  runhook_snapshot_destroy(snapshot);

  EXPECT_EQ(open(), nullptr);
  EXPECT_EQ(error.code(), RUNHOOK_ERR_ALREADY_EXISTS);
  for (runhook_snapshot* restored :
       {runhook_checkpoint_store_restore(store, error.out()), runhook_checkpoint_store_restore_step(store, 9, nullptr),
        runhook_checkpoint_read(directory.c_str(), -1, nullptr),
        runhook_checkpoint_read(directory.c_str(), 9, nullptr)}) {
    ASSERT_NE(restored, nullptr);
    EXPECT_EQ(runhook_snapshot_global_step(restored), 9);
    std::array<double, 3> read{};
    EXPECT_EQ(runhook_snapshot_copy_array(restored, "x", RUNHOOK_FLOAT64, 3, read.data(), error.out()), RUNHOOK_OK);
    EXPECT_EQ(read, numbers);
    EXPECT_EQ(runhook_snapshot_copy_array(restored, "x", RUNHOOK_FLOAT32, 3, read.data(), error.out()),
              RUNHOOK_ERR_INVALID_ARGUMENT);
    EXPECT_THAT(error.message(), HasSubstr("was saved as float64[3], and is wanted as 3 elements of float32"));
    size_t size = 0;
    EXPECT_EQ(std::memcmp(runhook_snapshot_state(restored, "generator", &size), "\0\1", 2), 0);
    EXPECT_EQ(size, 2);
    double loss = 0;
    EXPECT_EQ(runhook_snapshot_metric(restored, "loss", &loss), 1);
    EXPECT_EQ(loss, 0.5);
    EXPECT_EQ(runhook_snapshot_metric(restored, "accuracy", &loss), 0);
    EXPECT_EQ(runhook_snapshot_state(restored, "none", &size), nullptr);
    runhook_snapshot_destroy(restored);
  }
  EXPECT_EQ(runhook_checkpoint_pin(directory.c_str(), 9, 1, error.out()), RUNHOOK_OK);
  EXPECT_EQ(runhook_checkpoint_pin(directory.c_str(), 8, 1, error.out()), RUNHOOK_ERR_NOT_FOUND);
  EXPECT_EQ(runhook_checkpoint_read(directory.c_str(), 8, error.out()), nullptr);
  EXPECT_EQ(error.code(), RUNHOOK_ERR_NOT_FOUND);
  runhook_checkpoint_store_destroy(store);
}

TEST_F(Checkpoint, MemoryOfTheProgramNeedsNoCallback) {
  double x = 1;
  struct Cursor {
    int64_t position;
    char name[8];
  } cursor = {5, "abc"};
  const std::array<runhook_memory, 2> memory{
      {{"x", &x, 1, RUNHOOK_FLOAT64, 0}, {"cursor", &cursor, sizeof cursor, RUNHOOK_UINT8, 0}}};
  options.memory = memory.data();
  options.memory_count = memory.size();
  for (const int64_t begin : {0, 3, 6}) {
    Loop loop;
    loop.step = [&](runhook_context* context) {
      x *= 2;
      ++cursor.position;
      return runhook_step_set_double(context, "y", x, nullptr) == RUNHOOK_OK ? kOk : RUNHOOK_CALLBACK_FAILED;
    };
    ASSERT_EQ(add(loop), RUNHOOK_OK) << error.message();
    ASSERT_TRUE(loop.start());
    EXPECT_EQ(runhook_monitored_session_global_step(loop.session), begin);
    EXPECT_EQ(x, 1 << begin);
    EXPECT_EQ(cursor.position, 5 + begin);
    EXPECT_EQ(runhook_monitored_session_run_until_stop(loop.session, nullptr, 3, nullptr, nullptr), RUNHOOK_OK);
    EXPECT_EQ(runhook_monitored_session_close(loop.session, nullptr), RUNHOOK_OK);
    x = 0;
    cursor.position = 0;
  }
}

TEST_F(Checkpoint, ProgramWhoseMemoryHasChangedIsToldAllOfItAndLosesNothing) {
  std::array<double, 2> x{1, 2};
  double y = 3;
  float z = 4;
  const auto loop_with = [&](std::vector<runhook_memory> memory, std::vector<std::string>& log) {
    options.memory = memory.data();
    options.memory_count = memory.size();
    auto loop = std::make_unique<Loop>();
    runhook_log table = RUNHOOK_LOG_INIT;
    table.user_data = &log;
    table.write = [](const runhook_log_record* record, void* lines) {
      static_cast<std::vector<std::string>*>(lines)->emplace_back(record->message);
    };
    EXPECT_EQ(runhook_config_set_log(loop->config, &table, nullptr), RUNHOOK_OK);
    EXPECT_EQ(add(*loop), RUNHOOK_OK) << error.message();
    return loop;
  };
  std::vector<std::string> log;
  const auto before = loop_with({{"x", x.data(), 2, RUNHOOK_FLOAT64, 0}, {"y", &y, 1, RUNHOOK_FLOAT64, 0}}, log);
  ASSERT_TRUE(before->start());
  ASSERT_EQ(before->run(), RUNHOOK_OK);
  ASSERT_EQ(before->close(), RUNHOOK_OK);
  x = {0, 0};
  y = 0;

  // One less, one more, and another size.
  const std::vector<runhook_memory> changed{{"x", x.data(), 1, RUNHOOK_FLOAT64, 0}, {"z", &z, 1, RUNHOOK_FLOAT32, 0}};
  const auto refused = loop_with(changed, log);
  EXPECT_FALSE(refused->start());
  EXPECT_EQ(refused->error.code(), RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_THAT(refused->error.message(),
              HasSubstr("the checkpoint of step 1 in '" + directory +
                        "' was not saved by the program as it is now, so "
                        "that it is not restored: memory 'x' is float64[1] here, and float64[2] there; "
                        "memory 'z' is not there; variable 'y' is there, and not here"));

  options.partial = 1;
  const auto part = loop_with({{"y", &y, 1, RUNHOOK_FLOAT64, 0}, {"z", &z, 1, RUNHOOK_FLOAT32, 0}}, log);
  ASSERT_TRUE(part->start());
  EXPECT_EQ(y, 3);
  EXPECT_EQ(z, 4);
  EXPECT_THAT(log, Contains(HasSubstr("is restored in part: memory 'z' is not there; variable 'x' is there")));
}

TEST_F(Checkpoint, HookSavesWhatItRemembersAndGetsItBack) {
  double x = 0;
  save_number(x);
  std::string remembered = "first", restored;
  for (int i = 0; i < 2; ++i) {
    Loop loop;
    runhook_hook hook = RUNHOOK_HOOK_INIT;
    struct Texts {
      std::string &remembered, &restored;
    } texts{remembered, restored};
    hook.name = "remembering";
    hook.user_data = &texts;
    hook.save = [](runhook_context* context, void* data, int32_t ok) {
      const std::string& text = static_cast<Texts*>(data)->remembered;
      EXPECT_EQ(runhook_context_state(context, nullptr), nullptr);
      return runhook_context_set_state(context, text.data(), text.size(), nullptr) == RUNHOOK_OK ? ok : 0;
    };
    hook.restore = [](runhook_context* context, void* data, int32_t ok) {
      size_t size = 0;
      const void* const bytes = runhook_context_state(context, &size);
      static_cast<Texts*>(data)->restored.assign(static_cast<const char*>(bytes), size);
      EXPECT_EQ(runhook_context_set_state(context, nullptr, 0, nullptr), RUNHOOK_ERR_FAILED_PRECONDITION);
      return ok;
    };
    ASSERT_EQ(runhook_config_add_hook(loop.config, &hook, nullptr, error.out()), RUNHOOK_OK);
    ASSERT_EQ(add(loop), RUNHOOK_OK);
    ASSERT_TRUE(loop.start());
    EXPECT_EQ(restored, i == 0 ? "" : "first");
    EXPECT_EQ(runhook_monitored_session_run_until_stop(loop.session, nullptr, 1, nullptr, nullptr), RUNHOOK_OK);
    EXPECT_EQ(runhook_monitored_session_close(loop.session, nullptr), RUNHOOK_OK);
  }
}

TEST_F(Checkpoint, FunctionsSaveStateAndTheListenerVetoes) {
  struct Program {
    int value = 0, saves = 0, told = 0;
    bool destroyed = false;
  } program;
  runhook_saver_table state = RUNHOOK_SAVER_TABLE_INIT;
  state.user_data = &program;
  state.save = [](runhook_context* context, void* data, int32_t ok) {
    auto* const self = static_cast<Program*>(data);
    ++self->saves;
    EXPECT_EQ(runhook_context_session(context), nullptr) << "it is of no session";
    return runhook_snapshot_set_state(runhook_context_snapshot(context), "value", &self->value, sizeof(int), nullptr) ==
                   RUNHOOK_OK
               ? ok
               : 0;
  };
  state.restore = [](runhook_context* context, void* data, int32_t ok) {
    size_t size = 0;
    const void* const bytes = runhook_snapshot_state(runhook_context_snapshot(context), "value", &size);
    if (size != sizeof(int)) return 0;
    std::memcpy(&static_cast<Program*>(data)->value, bytes, size);
    return ok;
  };
  runhook_checkpoint_listener listener = RUNHOOK_CHECKPOINT_LISTENER_INIT;
  listener.user_data = &program;
  listener.destroy = [](void* data) { static_cast<Program*>(data)->destroyed = true; };
  listener.before_save = [](runhook_context* context, void*, int32_t ok) {
    if (runhook_context_global_step(context) == 2) {
      EXPECT_EQ(runhook_context_veto_save(context, nullptr), RUNHOOK_OK);
    }
    return ok;
  };
  listener.after_save = [](runhook_context* context, void* data, int32_t ok) {
    ++static_cast<Program*>(data)->told;
    EXPECT_EQ(runhook_context_veto_save(context, nullptr), RUNHOOK_ERR_FAILED_PRECONDITION);
    return ok;
  };
  options.state = &state;
  options.listener = &listener;
  options.every_steps = 1;
  {
    Loop loop;
    loop.step = [&](runhook_context* context) {
      ++program.value;
      return runhook_step_set_double(context, "y", 1, nullptr) == RUNHOOK_OK ? kOk : RUNHOOK_CALLBACK_FAILED;
    };
    ASSERT_EQ(add(loop), RUNHOOK_OK) << error.message();
    ASSERT_TRUE(loop.start());
    EXPECT_EQ(runhook_monitored_session_run_until_stop(loop.session, nullptr, 3, nullptr, nullptr), RUNHOOK_OK);
  }
  EXPECT_EQ(program.saves, 3) << "at 0, 1 and 3";
  EXPECT_EQ(program.told, 3);
  EXPECT_TRUE(program.destroyed);
  program.value = 0;
  options.listener = nullptr;
  Loop loop;
  ASSERT_EQ(add(loop), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(program.value, 3);
}

TEST_F(Checkpoint, LoopThatStaysWhereItIsGoesOnWithThreeLines) {
  double x = 8;
  save_number(x);
  runhook_loop_options of_loop = RUNHOOK_LOOP_OPTIONS_INIT;
  of_loop.checkpoints = &options;
  of_loop.max_steps = 2;
  of_loop.quiet = 1;
  for (const double expected : {8, 2}) {
    runhook_monitored_session* const loop = runhook_loop_open(&of_loop, error.out());
    ASSERT_NE(loop, nullptr) << error.message();
    EXPECT_EQ(x, expected);
    while (runhook_monitored_session_next(loop, error.out()) != nullptr) x /= 2;
    EXPECT_EQ(runhook_loop_finish(loop, nullptr), 0);
    x = 0;
  }
}

TEST_F(Checkpoint, LoopMakesTheStepsAgainThatARecoveryHasUndone) {
  double x = 0;
  save_number(x);
  options.every_steps = 4;
  runhook_loop_options of_loop = RUNHOOK_LOOP_OPTIONS_INIT;
  of_loop.checkpoints = &options;
  of_loop.max_steps = 10;
  of_loop.quiet = 1;
  runhook_monitored_session* const loop = runhook_loop_open(&of_loop, error.out());
  int bodies = 0;
  testing::internal::CaptureStderr();
  while (runhook_context* const step = runhook_monitored_session_next(loop, error.out())) {
    x += 1;
    if (++bodies == 8) runhook_context_fail(step, RUNHOOK_ERR_UNAVAILABLE, "for a moment");
  }
  EXPECT_EQ(runhook_monitored_session_global_step(loop), 10);
  EXPECT_EQ(runhook_loop_finish(loop, nullptr), 0);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("for a moment"));
  EXPECT_EQ(x, 10);
  EXPECT_EQ(bodies, 8 + 6);
}

TEST_F(Checkpoint, DirectoryOfALoopHasItsCheckpointsToo) {
  double x = 1;
  const std::string dir = folder.file("run");
  options.directory = nullptr;
  save_number(x);
  runhook_loop_options of_loop = RUNHOOK_LOOP_OPTIONS_INIT;
  of_loop.dir = dir.c_str();
  of_loop.checkpoints = &options;
  of_loop.max_steps = 2;
  of_loop.quiet = 1;
  runhook_monitored_session* const loop = runhook_loop_open(&of_loop, error.out());
  ASSERT_NE(loop, nullptr) << error.message();
  while (runhook_monitored_session_next(loop, error.out()) != nullptr) x *= 3;
  EXPECT_EQ(runhook_loop_finish(loop, nullptr), 0);
  EXPECT_TRUE(std::filesystem::exists(dir + "/checkpoints/step-0000000002/variables.safetensors"));
}

TEST_F(Checkpoint, WatcherFindsNewOnesUntilNoneComesOrAStopIsAskedFor) {
  runhook_stop_source* stop = runhook_stop_source_create(nullptr);
  runhook_checkpoint_watcher_options wanted = RUNHOOK_CHECKPOINT_WATCHER_OPTIONS_INIT;
  wanted.directory = directory.c_str();
  wanted.timeout_ns = wanted.poll_ns = 1;
  wanted.stop = stop;
  runhook_checkpoint_watcher* watcher = runhook_checkpoint_watcher_create(&wanted, error.out());
  ASSERT_NE(watcher, nullptr) << error.message();
  int64_t step = -1;
  EXPECT_EQ(runhook_checkpoint_watcher_next(watcher, &step, error.out()), RUNHOOK_ERR_DEADLINE_EXCEEDED);
  save_step(2);
  EXPECT_EQ(runhook_checkpoint_watcher_next(watcher, &step, error.out()), RUNHOOK_OK) << error.message();
  EXPECT_EQ(step, 2);
  EXPECT_EQ(runhook_checkpoint_watcher_next(watcher, &step, error.out()), RUNHOOK_ERR_DEADLINE_EXCEEDED);
  save_step(3);
  EXPECT_EQ(runhook_checkpoint_watcher_next(watcher, nullptr, error.out()), RUNHOOK_OK) << error.message();
  runhook_stop_source_request_stop(stop, 0, nullptr, 0);
  EXPECT_EQ(runhook_checkpoint_watcher_next(watcher, &step, error.out()), RUNHOOK_ERR_STOPPED);
  EXPECT_EQ(step, 2) << "nothing is set unless one was found";
  runhook_checkpoint_watcher_destroy(watcher);
  runhook_stop_source_destroy(stop);

  wanted = RUNHOOK_CHECKPOINT_WATCHER_OPTIONS_INIT;
  EXPECT_EQ(runhook_checkpoint_watcher_create(&wanted, error.out()), nullptr);
  EXPECT_THAT(error.message(), HasSubstr("directory"));
  wanted.directory = directory.c_str();
  wanted.poll_ns = -1;
  EXPECT_EQ(runhook_checkpoint_watcher_create(&wanted, error.out()), nullptr);
  EXPECT_THAT(error.message(), HasSubstr("poll_ns is negative"));
}

TEST_F(Checkpoint, WorkerStopsAtTheChiefsLast) {
  save_step(2);
  const char* const where = directory.c_str();
  runhook_stop_at_checkpoint_step_options worker = RUNHOOK_STOP_AT_CHECKPOINT_STEP_OPTIONS_INIT;
  worker.directory = where;
  worker.last_step = 2;
  runhook_builtin_hook* hook = runhook_stop_at_checkpoint_step_hook_create(&worker, error.out());
  ASSERT_NE(hook, nullptr) << error.message();
  Loop loop;
  EXPECT_EQ(runhook_config_add_builtin_hook(loop.config, hook, nullptr, nullptr), RUNHOOK_OK);
  runhook_builtin_hook_destroy(hook);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(runhook_monitored_session_should_stop(loop.session), 1) << "the chief's last step has been saved";
  worker.last_step = -1;
  EXPECT_EQ(runhook_stop_at_checkpoint_step_hook_create(&worker, error.out()), nullptr);
  EXPECT_EQ(error.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
}

TEST_F(Checkpoint, MetricThatImprovesHasTheRunSaved) {
  double x = 0;
  runhook_retention keep = RUNHOOK_RETENTION_INIT;
  keep.metric = "loss";
  keep.last = -1;
  save_number(x);
  options.not_at_start = options.not_at_end = options.save_on_best = 1;
  EXPECT_EQ(runhook_checkpoint_hook_create(&options, error.out()), nullptr);
  EXPECT_THAT(error.message(), HasSubstr("save_on_best needs the metric"));
  options.keep = &keep;
  Loop loop;
  const std::array<double, 4> losses{3, 4, 2, 2};
  loop.step = [&](runhook_context* context) {
    runhook_context_log_scalar(context, "loss", losses[static_cast<std::size_t>(x++)], nullptr);
    return kOk;
  };
  ASSERT_EQ(add(loop), RUNHOOK_OK) << error.message();
  ASSERT_TRUE(loop.start());
  for (int i = 0; i < 4; ++i) EXPECT_EQ(loop.run(), RUNHOOK_OK);
  for (const int64_t step : {1, 2, 3, 4}) {
    runhook_snapshot* saved = runhook_checkpoint_read(directory.c_str(), step, nullptr);
    EXPECT_EQ(saved != nullptr, step == 1 || step == 3) << step;
    runhook_snapshot_destroy(saved);
  }
}

TEST_F(Checkpoint, SaveThatFailsFailsTheRunUnlessItIsOnlyToWarn) {
  double x = 0;
  save_number(x);
  options.every_steps = 1;
  for (const bool warns : {true, false}) {
    options.warn_only = warns ? 1 : 0;
    Loop loop;
    ASSERT_EQ(add(loop), RUNHOOK_OK) << error.message();
    ASSERT_TRUE(loop.start());
    std::filesystem::remove_all(directory);
    std::ofstream(directory) << "in its place";
    EXPECT_EQ(loop.run() == RUNHOOK_OK, warns) << loop.error.message();
    std::filesystem::remove(directory);
  }
}

TEST_F(Checkpoint, RunThatComesToSomethingElseIsToldWhatIsDifferent) {
  double x = 0;
  save_number(x);
  options.every_steps = 1;
  for (const double add_per_step : {1.0, 1.0, 1.5}) {
    Loop loop;
    loop.step = [&](runhook_context*) {
      x += add_per_step;
      return kOk;
    };
    ASSERT_EQ(add(loop), RUNHOOK_OK) << error.message();
    ASSERT_TRUE(loop.start());
    EXPECT_EQ(loop.run(), add_per_step == 1 ? RUNHOOK_OK : RUNHOOK_ERR_FAILED_PRECONDITION);
    options.verify = 1;
  }
}

TEST_F(Checkpoint, OptionsThatMakeNoSenseAreRefused) {
  double x = 0;
  runhook_memory memory = {"x", &x, 1, RUNHOOK_FLOAT64, 0};
  runhook_retention keep = RUNHOOK_RETENTION_INIT;
  const auto refused = [&](const char* why) {
    EXPECT_EQ(runhook_checkpoint_hook_create(&options, error.out()), nullptr);
    EXPECT_EQ(error.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
    EXPECT_THAT(error.message(), HasSubstr(why));
  };
  const runhook_checkpoint_options good = options;
  options.directory = nullptr;
  refused("directory is NULL");
  options.directory = "";
  refused("directory of the checkpoints is empty");
  options = good;
  options.every_steps = options.every_ns = 5;
  refused("both every_steps and every_ns");
  options = good;
  options.memory = &memory;
  refused("its count is 0");
  options.memory_count = 1;
  memory.name = nullptr;
  refused("name of a memory");
  memory = {"x", nullptr, 1, RUNHOOK_FLOAT64, 0};
  refused("memory 'x' is NULL");
  memory = {"x", &x, -1, RUNHOOK_FLOAT64, 0};
  refused("is negative");
  memory = {"x", &x, 1, 0, 0};
  refused("has no dtype");
  options = good;
  options.restore_step = 5;
  refused("restore_one");
  options = good;
  options.keep = &keep;
  keep.best = 3;
  refused("by no metric");
}

}  // namespace
