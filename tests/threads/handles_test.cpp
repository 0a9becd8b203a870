// Handles that several threads make, share and destroy.
#include <array>
#include <atomic>
#include <set>

#include "thread_group.hpp"

namespace {

using namespace runhook_test;

class Handles : public NoHandlesLeft {};

void count_atomically(void* user_data) { ++*static_cast<std::atomic<int>*>(user_data); }

TEST_F(Handles, ValueLivesUntilTheLastOfManyThreadsLetsGo) {
  for (int i = 0; i < 30; ++i) {
    double number = i;
    std::atomic<int> destroyed{0};
    runhook_buffer buffer = RUNHOOK_BUFFER_INIT;
    buffer.user_data = &destroyed;
    buffer.destroy = count_atomically;
    buffer.data = &number;
    buffer.dtype = RUNHOOK_FLOAT64;
    runhook_value* value = runhook_value_adopt(&buffer, nullptr);
    ASSERT_NE(value, nullptr);
    for (int k = 0; k < kThreads; ++k) ASSERT_EQ(runhook_value_retain(value, nullptr), RUNHOOK_OK);
    ThreadGroup group(kThreads, [&](int) {
      for (int k = 0; k < 100; ++k) {
        EXPECT_EQ(runhook_value_retain(value, nullptr), RUNHOOK_OK);
        double read = -1;
        EXPECT_EQ(runhook_value_get_double(value, &read, nullptr), RUNHOOK_OK);
        EXPECT_EQ(read, i);
        runhook_value_destroy(value);
      }
      EXPECT_EQ(destroyed, 0);
      runhook_value_destroy(value);
    });
    group.go();
    runhook_value_destroy(value);
    group.join();
    EXPECT_EQ(destroyed, 1);
    EXPECT_EQ(runhook_value_retain(value, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
    if (HasFailure()) break;
  }
}

TEST_F(Handles, ValueIsSharedByArgsOfManyThreads) {
  runhook_value* value = runhook_value_create_double(4, nullptr);
  all_at_once([&](int) {
    for (int k = 0; k < 50; ++k) {
      runhook_run_args* args = runhook_run_args_create(nullptr);
      EXPECT_EQ(runhook_run_args_add_feed(args, "x", value, nullptr), RUNHOOK_OK);
      EXPECT_EQ(runhook_run_args_feed_value_at(args, 0), value) << "one value, one handle";
      runhook_value* copy = runhook_value_clone(value, nullptr);
      EXPECT_NE(copy, value);
      runhook_value_destroy(copy);
      runhook_run_args_destroy(args);
    }
  });
  double read = -1;
  EXPECT_EQ(runhook_value_get_double(value, &read, nullptr), RUNHOOK_OK);
  EXPECT_EQ(read, 4);
  runhook_value_destroy(value);
}

TEST_F(Handles, MadeAndDestroyedAtOnceAreNeverMixedUp) {
  all_at_once([&](int thread) {
    for (int k = 0; k < 150; ++k) {
      Caught error;
      const int64_t number = thread * 1000 + k;
      runhook_value* value = runhook_value_create_int64(number, nullptr);
      runhook_stop_source* source = runhook_stop_source_create(nullptr);
      runhook_clock* clock = runhook_manual_clock_create(number, nullptr);
      runhook_coordinator* coordinator = runhook_coordinator_create(nullptr);
      runhook_run_options* options = runhook_run_options_create(nullptr);
      const std::string text = std::to_string(number);
      EXPECT_EQ(runhook_coordinator_report_error(coordinator, RUNHOOK_ERR_INTERNAL, text.c_str(), nullptr), RUNHOOK_OK);
      EXPECT_EQ(runhook_coordinator_join(coordinator, 0, 0, error.out()), RUNHOOK_ERR_INTERNAL);
      EXPECT_EQ(error.message(), text);
      EXPECT_EQ(runhook_stop_source_request_stop(source, static_cast<int32_t>(number), nullptr, 0), 1);
      EXPECT_EQ(reason_at(source, 0).code, number);
      EXPECT_EQ(runhook_clock_now_ns(clock), number);
      int64_t read = -1;
      EXPECT_EQ(runhook_value_get_int64(value, &read, nullptr), RUNHOOK_OK);
      EXPECT_EQ(read, number);
      const std::set<const void*> different{value, source, clock, coordinator, options, error.get()};
      EXPECT_EQ(different.size(), 6U);
      EXPECT_EQ(runhook_clock_now_ns(reinterpret_cast<runhook_clock*>(source)), 0) << "of another kind";
      runhook_run_options_destroy(options);
      runhook_coordinator_destroy(coordinator);
      runhook_clock_destroy(clock);
      runhook_stop_source_destroy(source);
      runhook_value_destroy(value);
      // Whatever others have made in the place of these by now.
      EXPECT_EQ(runhook_stop_source_request_stop(source, 0, nullptr, 0), 0);
      EXPECT_EQ(runhook_value_get_int64(value, &read, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
      EXPECT_EQ(runhook_clock_now_ns(clock), 0);
    }
  });
}

TEST_F(Handles, OfOneStopStateComeAndGoWhileOthersPost) {
  runhook_stop_source* source = runhook_stop_source_create(nullptr);
  std::atomic<int> firsts{0};
  all_at_once([&](int thread) {
    for (int k = 0; k < 100; ++k) {
      runhook_stop_source* own = runhook_stop_source_share(source, nullptr);
      firsts += runhook_stop_source_request_stop(own, thread, "x", RUNHOOK_STOP_AFTER_STEP);
      EXPECT_EQ(runhook_stop_source_stop_requested(own), 1);
      runhook_stop_source_destroy(own);
    }
  });
  EXPECT_EQ(firsts, 1);
  EXPECT_EQ(runhook_stop_source_reasons_dropped(source), uint64_t{kThreads * 100 - 16});
  runhook_stop_source_destroy(source);
}

TEST_F(Handles, CountOfLiveOnesIsRightAfterAStorm) {
  const uint64_t before = runhook_live_handles();
  std::array<std::vector<runhook_value*>, kThreads> values;
  all_at_once([&](int thread) {
    for (int k = 0; k < 500; ++k) values[static_cast<size_t>(thread)].push_back(runhook_value_create_int64(k, nullptr));
  });
  EXPECT_EQ(runhook_live_handles(), before + kThreads * 500);
  std::set<runhook_value*> different;
  for (const auto& some : values) different.insert(some.begin(), some.end());
  EXPECT_EQ(different.size(), size_t{kThreads * 500});
  // Each thread ends what another one has made.
  all_at_once([&](int thread) {
    for (auto* value : values[static_cast<size_t>((thread + 1) % kThreads)]) runhook_value_destroy(value);
  });
  EXPECT_EQ(runhook_live_handles(), before);
}

}  // namespace
