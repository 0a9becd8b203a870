// Summaries through the C ABI: the writer, its hooks, and the hook that stops by what was written.
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "capi/scripted.hpp"
#include "event_file.hpp"

namespace {

using namespace runhook_test;

class Summary : public NoHandlesLeft {
 protected:
  void SetUp() override { writer = runhook_summary_writer_create(folder.path().c_str(), nullptr, nullptr); }
  void TearDown() override {
    runhook_summary_writer_destroy(writer);
    error.out();
    NoHandlesLeft::TearDown();
  }
  std::vector<EventRead> close_and_read() {
    EXPECT_EQ(runhook_summary_writer_close(writer, error.out()), RUNHOOK_OK) << error.message();
    return read_events(runhook_summary_writer_path(writer));
  }
  void add(Loop& loop, runhook_builtin_hook* hook) {
    ASSERT_NE(hook, nullptr) << error.message();
    EXPECT_EQ(runhook_config_add_builtin_hook(loop.config, hook, nullptr, error.out()), RUNHOOK_OK);
    runhook_builtin_hook_destroy(hook);
  }
  // How many steps are made before something asks for a stop.
  static int64_t run(Loop& loop, int64_t at_most) {
    int64_t completed = -1;
    if (!loop.start()) return -1;
    runhook_monitored_session_run_until_stop(loop.session, nullptr, at_most, &completed, nullptr);
    return loop.close() == RUNHOOK_OK ? completed : -1;
  }
  void refused(runhook_builtin_hook* hook) {
    EXPECT_EQ(hook, nullptr);
    EXPECT_EQ(error.code(), RUNHOOK_ERR_INVALID_ARGUMENT) << error.message();
  }

  Folder folder;
  runhook_summary_writer* writer = nullptr;
  Caught error;
};

TEST_F(Summary, WriterWritesEveryKind) {
  const std::array<double, 3> numbers = {1, 2, 3};
  const std::array<int64_t, 1> three = {3};
  const std::array<int64_t, 3> pixel = {1, 1, 1};
  runhook_value* tensor = runhook_value_create_tensor(RUNHOOK_FLOAT64, three.data(), 1, numbers.data(), nullptr);
  runhook_value* image = runhook_value_create_tensor(RUNHOOK_UINT8, pixel.data(), 3, nullptr, nullptr);
  const std::string encoded("\x0a\x0b\x0a\x04rate\x15\0\0\0\x3f", 13);
  EXPECT_EQ(runhook_summary_writer_add_session_log(writer, RUNHOOK_SESSION_LOG_START, 4, nullptr, nullptr, nullptr),
            RUNHOOK_OK);
  EXPECT_EQ(runhook_summary_writer_add_scalar(writer, "loss", 0.5, 5, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_summary_writer_add_histogram(writer, "weights", tensor, 5, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_summary_writer_add_text(writer, "note", "a note", 5, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_summary_writer_add_image(writer, "picture", image, 5, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_summary_writer_add_summary(writer, encoded.data(), encoded.size(), 5, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_summary_writer_flush(writer, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_summary_writer_sync(writer, nullptr), RUNHOOK_OK);
  runhook_value_destroy(tensor);
  runhook_value_destroy(image);
  const auto events = close_and_read();
  ASSERT_EQ(events.size(), 7U);
  EXPECT_EQ(events[1].session_log, 1);
  EXPECT_EQ(events[1].step, 5);
  EXPECT_EQ(events[2].values[0].scalar, 0.5F);
  EXPECT_EQ(events[3].values[0].histogram->sum, 6);
  EXPECT_EQ(events[4].values[0].text, "a note");
  EXPECT_EQ(events[5].values[0].image->colorspace, 1);
  EXPECT_EQ(events[6].values[0].tag, "rate");
  EXPECT_EQ(runhook_summary_writer_dropped(writer), 0U);
}

TEST_F(Summary, OptionsAreThoseOfTheFile) {
  runhook_summary_writer_options options = RUNHOOK_SUMMARY_WRITER_OPTIONS_INIT;
  options.suffix = "eval";
  options.buffer_bytes = 200;
  runhook_summary_writer* small = runhook_summary_writer_create(folder.path().c_str(), &options, error.out());
  ASSERT_NE(small, nullptr) << error.message();
  const std::string path = runhook_summary_writer_path(small);
  EXPECT_EQ(path.substr(path.size() - 5), ".eval");
  EXPECT_EQ(runhook_summary_writer_add_text(small, "note", std::string(300, 'x').c_str(), 1, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_summary_writer_dropped(small), 1U);
  EXPECT_EQ(runhook_summary_writer_close(small, nullptr), RUNHOOK_ERR_RESOURCE_EXHAUSTED);
  EXPECT_EQ(runhook_summary_writer_close(small, nullptr), RUNHOOK_ERR_DATA_LOSS) << "the reason has been told";
  runhook_summary_writer_destroy(small);
  const auto refuse = [&](auto change) {
    runhook_summary_writer_options bad = RUNHOOK_SUMMARY_WRITER_OPTIONS_INIT;
    change(bad);
    EXPECT_EQ(runhook_summary_writer_create(folder.path().c_str(), &bad, error.out()), nullptr);
    EXPECT_EQ(error.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
  };
  refuse([](auto& bad) { bad.suffix = "a/b"; });
  refuse([](auto& bad) { bad.buffer_bytes = -1; });
  refuse([](auto& bad) { bad.fail_run = 2; });
}

TEST_F(Summary, StepThatGoesDownIsToldOnce) {
  EXPECT_EQ(runhook_summary_writer_add_scalar(writer, "loss", 1, 5, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_summary_writer_take_failure(writer, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_summary_writer_add_scalar(writer, "loss", 1, 4, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_summary_writer_dropped(writer), 1U);
  EXPECT_EQ(runhook_summary_writer_take_failure(writer, error.out()), RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_NE(error.message().find("'loss' of step 4"), std::string::npos);
  EXPECT_EQ(runhook_summary_writer_take_failure(writer, nullptr), RUNHOOK_OK);
}

TEST_F(Summary, ArgumentsThatAreWrongAreRefused) {
  runhook_value* number = runhook_value_create_double(1, nullptr);
  EXPECT_EQ(runhook_summary_writer_add_scalar(writer, "", 1, 1, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_summary_writer_add_image(writer, "i", number, 1, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_summary_writer_add_summary(writer, "none", 4, 1, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_summary_writer_add_session_log(writer, 0, 1, nullptr, nullptr, nullptr),
            RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_summary_writer_add_session_log(writer, 4, 1, nullptr, nullptr, nullptr),
            RUNHOOK_ERR_INVALID_ARGUMENT);
  runhook_value_destroy(number);
}

TEST_F(Summary, SaverWritesInTheFirstRunAndEveryHundredStepsAndKeepsTheWriter) {
  const char* const names[] = {"y"};
  runhook_summary_options options = RUNHOOK_SUMMARY_OPTIONS_INIT;
  options.scalars = names;
  options.scalar_count = 1;
  options.writer = writer;
  {
    Loop loop;
    add(loop, runhook_summary_saver_hook_create(&options, error.out()));
    EXPECT_EQ(run(loop, 250), 250);
  }
  using Points = std::vector<std::pair<std::int64_t, float>>;
  EXPECT_EQ(scalars_of(close_and_read(), "y"), (Points{{1, 1.0F}, {101, 1.0F}, {201, 1.0F}}));
}

TEST_F(Summary, SaverOfADirectoryHasAFileOfItsOwn) {
  const char* const names[] = {"y"};
  runhook_summary_writer_options writer_options = RUNHOOK_SUMMARY_WRITER_OPTIONS_INIT;
  writer_options.suffix = "train";
  runhook_summary_options options = RUNHOOK_SUMMARY_OPTIONS_INIT;
  options.histograms = names;
  options.histogram_count = 1;
  options.directory = folder.path().c_str();
  options.writer_options = &writer_options;
  Loop loop;
  add(loop, runhook_summary_saver_hook_create(&options, error.out()));
  EXPECT_EQ(run(loop, 1), 1);
  ASSERT_EQ(folder.files().size(), 1U);
  EXPECT_NE(folder.files()[0].find(".train"), std::string::npos);
  EXPECT_EQ(read_events(folder.files()[0]).at(2).values[0].histogram->sum, 1);
}

TEST_F(Summary, AtEndFeedsAndWritesOnce) {
  const char* const names[] = {"y"};
  runhook_summary_options options = RUNHOOK_SUMMARY_OPTIONS_INIT;
  options.scalars = names;
  options.scalar_count = 1;
  options.writer = writer;
  runhook_run_args* args = runhook_run_args_create(nullptr);
  runhook_value* number = runhook_value_create_double(7, nullptr);
  runhook_run_args_add_feed(args, "x", number, nullptr);
  Loop loop;
  loop.step = [](runhook_context* context) {
    runhook_value* fed = runhook_step_input(context, "x");
    double y = -1;
    if (fed != nullptr) runhook_value_get_double(fed, &y, nullptr);
    return runhook_step_set_double(context, "y", y, nullptr) == RUNHOOK_OK ? kOk : RUNHOOK_CALLBACK_FAILED;
  };
  runhook_summary_at_end_options at_end = RUNHOOK_SUMMARY_AT_END_OPTIONS_INIT;
  at_end.summaries = &options;
  at_end.args = args;
  add(loop, runhook_summary_at_end_hook_create(&at_end, error.out()));
  runhook_run_args_destroy(args);
  runhook_value_destroy(number);
  EXPECT_EQ(run(loop, 3), 3);
  using Points = std::vector<std::pair<std::int64_t, float>>;
  EXPECT_EQ(scalars_of(close_and_read(), "y"), (Points{{3, 7.0F}}));
}

TEST_F(Summary, OptionsOfHooksThatMakeNoSenseAreRefused) {
  const char* const names[] = {"y"};
  runhook_summary_options options = RUNHOOK_SUMMARY_OPTIONS_INIT;
  options.writer = writer;
  options.no_logged = 1;  // and nothing else
  refused(runhook_summary_saver_hook_create(&options, error.out()));
  options.no_logged = 0;
  options.scalars = names;
  options.scalar_count = 1;
  options.directory = "both";
  refused(runhook_summary_saver_hook_create(&options, error.out()));
  options.directory = nullptr;
  options.writer = nullptr;
  refused(runhook_summary_saver_hook_create(&options, error.out()));
  runhook_summary_at_end_options at_end = RUNHOOK_SUMMARY_AT_END_OPTIONS_INIT;
  refused(runhook_summary_at_end_hook_create(&at_end, error.out()));
  at_end.summaries = &options;
  refused(runhook_summary_at_end_hook_create(&at_end, error.out()));
}

TEST_F(Summary, MetricStopStopsByWhatWasWritten) {
  const double losses[] = {0.8, 0.7, 0.4, 0.41};
  for (int i = 0; i < 4; ++i) {
    runhook_summary_writer_add_scalar(writer, "loss", losses[i], 1000 * (i + 1), nullptr);
  }
  runhook_summary_writer_sync(writer, nullptr);
  runhook_metric_stop_options init = RUNHOOK_METRIC_STOP_OPTIONS_INIT;
  init.metric = "loss";
  init.directory = folder.path().c_str();
  const auto stops = [&](auto change) {
    runhook_metric_stop_options options = init;
    change(options);
    Loop loop;
    add(loop, runhook_metric_stop_hook_create(&options, error.out()));
    return run(loop, 5) == 1;
  };
  const auto kind = [](int32_t number, double threshold, int64_t max_steps, int64_t min_steps = 0) {
    return [=](runhook_metric_stop_options& options) {
      options.kind = number;
      options.threshold = threshold;
      options.max_steps = max_steps;
      options.min_steps = min_steps;
    };
  };
  EXPECT_TRUE(stops(kind(RUNHOOK_STOP_IF_HIGHER, 0.75, 0)));
  EXPECT_FALSE(stops(kind(RUNHOOK_STOP_IF_HIGHER, 0.75, 0, 2000)));
  EXPECT_TRUE(stops(kind(RUNHOOK_STOP_IF_LOWER, 0.5, 0)));
  EXPECT_FALSE(stops(kind(RUNHOOK_STOP_IF_LOWER, 0.3, 0)));
  EXPECT_TRUE(stops(kind(RUNHOOK_STOP_IF_NO_DECREASE, 0, 1000)));
  EXPECT_FALSE(stops(kind(RUNHOOK_STOP_IF_NO_DECREASE, 0, 1001)));
  EXPECT_TRUE(stops(kind(RUNHOOK_STOP_IF_NO_INCREASE, 0, 3000)));
  EXPECT_FALSE(stops(kind(RUNHOOK_STOP_IF_NO_INCREASE, 0, 3001)));
}

TEST_F(Summary, OptionsOfTheMetricStopThatMakeNoSenseAreRefused) {
  const auto refuse = [&](auto change) {
    runhook_metric_stop_options options = RUNHOOK_METRIC_STOP_OPTIONS_INIT;
    options.metric = "loss";
    options.directory = "somewhere";
    options.kind = RUNHOOK_STOP_IF_LOWER;
    change(options);
    refused(runhook_metric_stop_hook_create(&options, error.out()));
  };
  refuse([](auto& options) { options.metric = nullptr; });
  refuse([](auto& options) { options.metric = ""; });
  refuse([](auto& options) { options.directory = ""; });
  refuse([](auto& options) { options.kind = 0; });
  refuse([](auto& options) { options.kind = 5; });
  refuse([](auto& options) { options.min_steps = -1; });
  refuse([](auto& options) { options.every_ns = -1; });
  refuse([](auto& options) {
    options.every_ns = 1;
    options.every_steps = 1;
  });
  refuse([](auto& options) {
    options.kind = RUNHOOK_STOP_IF_NO_INCREASE;
    options.max_steps = -1;
  });
}

}  // namespace
