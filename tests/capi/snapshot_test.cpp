#include "checks.hpp"

namespace {

using runhook_test::Caught;
using runhook_test::count_destroy;
class CSnapshot : public runhook_test::NoHandlesLeft {};

double number_of(const runhook_value* value) {
  double number = -1;
  EXPECT_EQ(runhook_value_get_double(value, &number, nullptr), RUNHOOK_OK);
  return number;
}

TEST_F(CSnapshot, VariablesAreSetReplacedAndFound) {
  runhook_snapshot* snapshot = runhook_snapshot_create(nullptr);
  runhook_value* one = runhook_value_create_double(1, nullptr);
  runhook_value* two = runhook_value_create_double(2, nullptr);
  EXPECT_EQ(runhook_snapshot_set(snapshot, "w", one, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_snapshot_set(snapshot, "b", one, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_snapshot_set(snapshot, "w", two, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_snapshot_set_global_step(snapshot, 12, nullptr), RUNHOOK_OK);
  runhook_value_destroy(one);
  runhook_value_destroy(two);
  EXPECT_EQ(runhook_snapshot_count(snapshot), 2U);
  EXPECT_STREQ(runhook_snapshot_name_at(snapshot, 0), "w");
  EXPECT_EQ(number_of(runhook_snapshot_value_at(snapshot, 0)), 2);
  EXPECT_EQ(number_of(runhook_snapshot_find(snapshot, "b")), 1);
  EXPECT_EQ(runhook_snapshot_find(snapshot, "x"), nullptr);
  EXPECT_EQ(runhook_snapshot_find(snapshot, nullptr), nullptr);
  EXPECT_EQ(runhook_snapshot_name_at(snapshot, 2), nullptr);
  EXPECT_EQ(runhook_snapshot_value_at(snapshot, 2), nullptr);
  EXPECT_EQ(runhook_snapshot_global_step(snapshot), 12);
  runhook_snapshot_destroy(snapshot);
  EXPECT_EQ(runhook_snapshot_count(snapshot), 0U);
}

TEST_F(CSnapshot, BadArgumentsAreRefused) {
  runhook_snapshot* snapshot = runhook_snapshot_create(nullptr);
  runhook_value* one = runhook_value_create_double(1, nullptr);
  EXPECT_EQ(runhook_snapshot_set(snapshot, "", one, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_snapshot_set(snapshot, nullptr, one, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_snapshot_set(snapshot, "w", nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_snapshot_set(nullptr, "w", one, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_snapshot_set_global_step(nullptr, 1, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_snapshot_count(snapshot), 0U);
  runhook_value_destroy(one);
  runhook_snapshot_destroy(snapshot);
}

class CSaver : public runhook_test::NoHandlesLeft {
 protected:
  void SetUp() override {
    runhook_graph* graph = runhook_graph_create(nullptr);
    runhook_value* initial = runhook_value_create_double(1, nullptr);
    ASSERT_EQ(runhook_graph_add_variable(graph, "w", initial, RUNHOOK_VARIABLES_GLOBAL, nullptr), RUNHOOK_OK);
    session_ = runhook_graph_session_create(graph, nullptr);
    ASSERT_EQ(runhook_session_initialize(session_, RUNHOOK_VARIABLES_GLOBAL, nullptr), RUNHOOK_OK);
    runhook_value_destroy(initial);
    runhook_graph_destroy(graph);
  }
  void TearDown() override {
    caught_.out();
    runhook_session_destroy(session_);
    NoHandlesLeft::TearDown();
  }
  void write(double number) {
    runhook_value* value = runhook_value_create_double(number, nullptr);
    EXPECT_EQ(runhook_session_write_variable(session_, "w", value, nullptr), RUNHOOK_OK);
    runhook_value_destroy(value);
  }
  double read() {
    runhook_value* value = runhook_session_read_variable(session_, "w", nullptr);
    const double number = number_of(value);
    runhook_value_destroy(value);
    return number;
  }
  runhook_session* session_ = nullptr;
  Caught caught_;
};

TEST_F(CSaver, MemorySaverRestoresWhatItSaved) {
  runhook_saver* saver = runhook_memory_saver_create(nullptr);
  int32_t restored = -1;
  int64_t step = -1;
  EXPECT_EQ(runhook_saver_restore(saver, session_, &restored, &step, nullptr), RUNHOOK_OK);
  EXPECT_EQ(restored, 0);
  EXPECT_EQ(step, -1);
  EXPECT_EQ(runhook_memory_saver_latest(saver, caught_.out()), nullptr);
  EXPECT_EQ(caught_.code(), RUNHOOK_ERR_NOT_FOUND);

  write(5);
  EXPECT_EQ(runhook_saver_save(saver, session_, 40, caught_.out()), RUNHOOK_OK) << caught_.message();
  EXPECT_EQ(runhook_memory_saver_save_count(saver), 1);
  write(6);
  EXPECT_EQ(runhook_saver_restore(saver, session_, &restored, &step, nullptr), RUNHOOK_OK);
  EXPECT_EQ(restored, 1);
  EXPECT_EQ(step, 40);
  EXPECT_EQ(read(), 5);
  EXPECT_EQ(runhook_saver_restore(saver, session_, nullptr, nullptr, nullptr), RUNHOOK_OK);

  runhook_snapshot* latest = runhook_memory_saver_latest(saver, nullptr);
  EXPECT_EQ(runhook_snapshot_global_step(latest), 40);
  EXPECT_EQ(number_of(runhook_snapshot_find(latest, "w")), 5);
  runhook_snapshot_destroy(latest);
  runhook_saver_destroy(saver);
}

struct Kept {
  double number = 0;
  int64_t step = -1;
  int destroyed = 0;
};

int32_t save_w(runhook_context* context, void* user_data, int32_t ok) {
  auto* kept = static_cast<Kept*>(user_data);
  runhook_session* session = runhook_context_session(context);
  runhook_value* value = runhook_session_read_variable(session, "w", nullptr);
  if (value == nullptr) return 0;
  kept->number = number_of(value);
  kept->step = runhook_context_global_step(context);
  runhook_value_destroy(value);
  return ok;
}

int32_t restore_w(runhook_context* context, void* user_data, int32_t ok) {
  const auto* kept = static_cast<Kept*>(user_data);
  if (kept->step < 0) return ok;
  runhook_value* value = runhook_value_create_double(kept->number, nullptr);
  runhook_session_write_variable(runhook_context_session(context), "w", value, nullptr);
  runhook_value_destroy(value);
  runhook_context_set_restored_step(context, kept->step, nullptr);
  return ok;
}

TEST_F(CSaver, TableSavesAndRestores) {
  Kept kept;
  runhook_saver_table table = RUNHOOK_SAVER_TABLE_INIT;
  table.user_data = &kept;
  table.destroy = [](void* data) { ++static_cast<Kept*>(data)->destroyed; };
  table.save = save_w;
  table.restore = restore_w;
  runhook_saver* saver = runhook_saver_create(&table, nullptr);
  int32_t restored = -1;
  int64_t step = -1;
  EXPECT_EQ(runhook_saver_restore(saver, session_, &restored, &step, nullptr), RUNHOOK_OK);
  EXPECT_EQ(restored, 0);
  write(3);
  EXPECT_EQ(runhook_saver_save(saver, session_, 7, caught_.out()), RUNHOOK_OK) << caught_.message();
  EXPECT_EQ(kept.step, 7);
  write(4);
  EXPECT_EQ(runhook_saver_restore(saver, session_, &restored, &step, caught_.out()), RUNHOOK_OK) << caught_.message();
  EXPECT_EQ(restored, 1);
  EXPECT_EQ(step, 7);
  EXPECT_EQ(read(), 3);
  EXPECT_EQ(runhook_memory_saver_latest(saver, caught_.out()), nullptr);
  EXPECT_EQ(caught_.code(), RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_EQ(runhook_memory_saver_save_count(saver), 0);
  EXPECT_EQ(kept.destroyed, 0);
  runhook_saver_destroy(saver);
  EXPECT_EQ(kept.destroyed, 1);
}

TEST_F(CSaver, FailingSaveIsReported) {
  int destroyed = 0;
  runhook_saver_table table = RUNHOOK_SAVER_TABLE_INIT;
  table.user_data = &destroyed;
  table.destroy = count_destroy;
  table.save = [](runhook_context* context, void*, int32_t) {
    return runhook_context_fail(context, RUNHOOK_ERR_DATA_LOSS, "full");
  };
  EXPECT_EQ(runhook_saver_create(&table, nullptr), nullptr) << "restore is required";
  EXPECT_EQ(destroyed, 1);
  table.restore = [](runhook_context*, void*, int32_t) -> int32_t { return RUNHOOK_CALLBACK_FAILED; };
  runhook_saver* saver = runhook_saver_create(&table, nullptr);
  EXPECT_EQ(runhook_saver_save(saver, session_, 1, caught_.out()), RUNHOOK_ERR_DATA_LOSS);
  EXPECT_EQ(caught_.message(), "full");
  EXPECT_EQ(runhook_saver_restore(saver, session_, nullptr, nullptr, caught_.out()), RUNHOOK_ERR_UNKNOWN);
  EXPECT_EQ(caught_.message(),
            runhook_test::unexplained_failure("restore of the runhook_saver_table", RUNHOOK_CALLBACK_FAILED));
  EXPECT_EQ(runhook_saver_save(saver, nullptr, 1, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_saver_save(nullptr, session_, 1, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  runhook_saver_destroy(saver);
  EXPECT_EQ(destroyed, 2);
}

}  // namespace
