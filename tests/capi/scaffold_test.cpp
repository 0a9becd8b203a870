// Scaffolds and session managers.
#include "scripted.hpp"

namespace {

using namespace runhook_test;

class CApiScaffold : public NoHandlesLeft {
 protected:
  void SetUp() override {
    graph_ = runhook_graph_create(nullptr);
    runhook_value* one = runhook_value_create_double(1, nullptr);
    ASSERT_EQ(runhook_graph_add_variable(graph_, "w", one, RUNHOOK_VARIABLES_GLOBAL, nullptr), RUNHOOK_OK);
    ASSERT_EQ(runhook_graph_add_variable(graph_, "l", one, RUNHOOK_VARIABLES_LOCAL, nullptr), RUNHOOK_OK);
    runhook_value_destroy(one);
    scaffold_ = runhook_scaffold_create(nullptr);
    session_ = runhook_graph_session_create(graph_, nullptr);
  }
  void TearDown() override {
    runhook_session_destroy(session_);
    runhook_scaffold_destroy(scaffold_);
    runhook_graph_destroy(graph_);
    error_.out();
    NoHandlesLeft::TearDown();
  }
  runhook_status set(int32_t piece, Callback& body, int* destroyed = nullptr) {
    const runhook_function function = function_of(body, destroyed);
    return runhook_scaffold_set(scaffold_, piece, &function, error_.out());
  }
  runhook_graph* graph_ = nullptr;
  runhook_scaffold* scaffold_ = nullptr;
  runhook_session* session_ = nullptr;
  Caught error_;
  Callback factory_ = [this](runhook_context* context) {
    runhook_session* session = runhook_graph_session_create(graph_, nullptr);
    EXPECT_EQ(runhook_context_set_session(context, session, nullptr), RUNHOOK_OK);
    EXPECT_EQ(runhook_context_set_restored_step(context, 1, nullptr), RUNHOOK_ERR_FAILED_PRECONDITION);
    runhook_session_destroy(session);
    return kOk;
  };
};

TEST_F(CApiScaffold, NothingIsThereBeforeItIsFinalized) {
  for (int32_t piece = 0; piece < 5; ++piece) {
    EXPECT_EQ(runhook_scaffold_has(scaffold_, piece), 0);
    EXPECT_EQ(runhook_scaffold_run(scaffold_, piece, session_, nullptr), RUNHOOK_ERR_NOT_FOUND);
  }
  EXPECT_EQ(runhook_scaffold_finalize(scaffold_, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_scaffold_finalize(scaffold_, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_scaffold_has(scaffold_, RUNHOOK_PIECE_INIT_OP), 1);
  EXPECT_EQ(runhook_scaffold_has(scaffold_, RUNHOOK_PIECE_INIT_FN), 0);
  EXPECT_EQ(runhook_scaffold_run(scaffold_, RUNHOOK_PIECE_READY_OP, session_, error_.out()),
            RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_EQ(error_.message(), "missing: w, l");
  EXPECT_EQ(runhook_scaffold_run(scaffold_, RUNHOOK_PIECE_INIT_OP, session_, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_scaffold_run(scaffold_, RUNHOOK_PIECE_READY_FOR_LOCAL_INIT_OP, session_, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_scaffold_run(scaffold_, RUNHOOK_PIECE_LOCAL_INIT_OP, session_, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_scaffold_run(scaffold_, RUNHOOK_PIECE_READY_OP, session_, nullptr), RUNHOOK_OK);
}

TEST_F(CApiScaffold, PiecesGetTheSession) {
  int calls = 0;
  Callback op = [&](runhook_context* context) {
    ++calls;
    runhook_session* lent = runhook_context_session(context);
    EXPECT_EQ(runhook_session_initialize(lent, RUNHOOK_VARIABLES_GLOBAL, nullptr), RUNHOOK_OK);
    EXPECT_EQ(runhook_context_add_missing(context, "x", nullptr), RUNHOOK_ERR_FAILED_PRECONDITION);
    EXPECT_STREQ(runhook_context_callback_name(context), calls == 1 ? "init_op" : "init_fn");
    return kOk;
  };
  Callback probe = [](runhook_context* context) {
    EXPECT_EQ(runhook_context_add_missing(context, "this", nullptr), RUNHOOK_OK);
    EXPECT_EQ(runhook_context_add_missing(context, "that", nullptr), RUNHOOK_OK);
    return kOk;
  };
  int destroyed = 0;
  ASSERT_EQ(set(RUNHOOK_PIECE_INIT_OP, op, &destroyed), RUNHOOK_OK);
  ASSERT_EQ(set(RUNHOOK_PIECE_INIT_FN, op), RUNHOOK_OK);
  ASSERT_EQ(set(RUNHOOK_PIECE_READY_OP, probe), RUNHOOK_OK);
  EXPECT_EQ(runhook_scaffold_run(scaffold_, RUNHOOK_PIECE_INIT_OP, session_, error_.out()), RUNHOOK_OK)
      << error_.message();
  EXPECT_EQ(runhook_scaffold_run(scaffold_, RUNHOOK_PIECE_INIT_FN, session_, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_scaffold_run(scaffold_, RUNHOOK_PIECE_READY_OP, session_, error_.out()),
            RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_EQ(error_.message(), "missing: this, that");
  EXPECT_EQ(calls, 2);

  runhook_scaffold* copy = runhook_scaffold_copy(scaffold_, nullptr);
  ASSERT_EQ(set(RUNHOOK_PIECE_INIT_OP, op), RUNHOOK_OK);
  EXPECT_EQ(destroyed, 0) << "the copy has it";
  EXPECT_EQ(runhook_scaffold_has(copy, RUNHOOK_PIECE_READY_OP), 1);
  runhook_scaffold_destroy(copy);
  EXPECT_EQ(destroyed, 1);
}

TEST_F(CApiScaffold, FunctionIsDestroyedOnceWhenThePieceIsRefused) {
  Callback op = [](runhook_context*) { return kOk; };
  int destroyed = 0;
  EXPECT_EQ(set(5, op, &destroyed), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(destroyed, 1);
  ASSERT_EQ(runhook_scaffold_finalize(scaffold_, nullptr), RUNHOOK_OK);
  EXPECT_EQ(set(RUNHOOK_PIECE_INIT_OP, op, &destroyed), RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_EQ(destroyed, 2);
}

TEST_F(CApiScaffold, ArgsBecomePieces) {
  runhook_run_args* args = runhook_run_args_create(nullptr);
  EXPECT_EQ(runhook_scaffold_set_args(scaffold_, RUNHOOK_PIECE_READY_OP, args, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  ASSERT_EQ(runhook_run_args_add_fetch(args, nullptr, "w", nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_scaffold_set_args(scaffold_, RUNHOOK_PIECE_READY_OP, args, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_scaffold_set_args(scaffold_, RUNHOOK_PIECE_INIT_OP, args, nullptr), RUNHOOK_OK);
  runhook_run_args_destroy(args);
  EXPECT_EQ(runhook_scaffold_run(scaffold_, RUNHOOK_PIECE_INIT_OP, session_, nullptr), RUNHOOK_ERR_FAILED_PRECONDITION)
      << "the variable has no value yet";
  ASSERT_EQ(runhook_session_initialize(session_, RUNHOOK_VARIABLES_GLOBAL, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_scaffold_run(scaffold_, RUNHOOK_PIECE_INIT_OP, session_, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_scaffold_run(scaffold_, RUNHOOK_PIECE_READY_OP, session_, nullptr), RUNHOOK_OK);
}

TEST_F(CApiScaffold, ManagerPreparesAndRecovers) {
  runhook_saver* saver = runhook_memory_saver_create(nullptr);
  ASSERT_EQ(runhook_scaffold_set_saver(scaffold_, saver, nullptr), RUNHOOK_OK);
  ASSERT_EQ(runhook_scaffold_finalize(scaffold_, nullptr), RUNHOOK_OK);
  const runhook_function factory = function_of(factory_);
  runhook_session_manager* manager = runhook_session_manager_create(&factory, scaffold_, 0, nullptr);
  ASSERT_NE(manager, nullptr);
  int32_t ready = -1;
  runhook_session* session = runhook_session_manager_recover(manager, &ready, nullptr);
  EXPECT_NE(session, nullptr);
  EXPECT_EQ(ready, 0);
  runhook_session_destroy(session);
  session = runhook_session_manager_prepare(manager, error_.out());
  ASSERT_NE(session, nullptr) << error_.message();
  ASSERT_EQ(runhook_saver_save(saver, session, 3, nullptr), RUNHOOK_OK);
  runhook_session_destroy(session);
  session = runhook_session_manager_recover(manager, &ready, nullptr);
  EXPECT_EQ(ready, 1);
  runhook_session_destroy(session);
  runhook_session_manager_destroy(manager);
  runhook_saver_destroy(saver);
}

TEST_F(CApiScaffold, WaitingEndsByDeadlineAndByStop) {
  ASSERT_EQ(runhook_scaffold_finalize(scaffold_, nullptr), RUNHOOK_OK);
  const runhook_function factory = function_of(factory_);
  runhook_session_manager* manager = runhook_session_manager_create(&factory, scaffold_, 1000, nullptr);
  runhook_clock* clock = runhook_manual_clock_create(0, nullptr);
  EXPECT_EQ(runhook_session_manager_wait(manager, 5000, nullptr, clock, error_.out()), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_DEADLINE_EXCEEDED);
  runhook_stop_source* stop = runhook_stop_source_create(nullptr);
  runhook_stop_source_request_stop(stop, 0, nullptr, RUNHOOK_STOP_AFTER_STEP);
  EXPECT_EQ(runhook_session_manager_wait(manager, -1, stop, clock, error_.out()), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_STOPPED);
  runhook_stop_source_destroy(stop);
  runhook_clock_destroy(clock);
  runhook_session_manager_destroy(manager);
}

TEST_F(CApiScaffold, SaverOfCGetsTheSession) {
  struct Saver {
    int64_t saved = -1;
    int destroyed = 0;
  } kept;
  runhook_saver_table table = RUNHOOK_SAVER_TABLE_INIT;
  table.user_data = &kept;
  table.destroy = [](void* self) { ++static_cast<Saver*>(self)->destroyed; };
  table.save = [](runhook_context* context, void* self, int32_t ok) {
    static_cast<Saver*>(self)->saved = runhook_context_global_step(context);
    runhook_snapshot* snapshot = runhook_session_save(runhook_context_session(context), nullptr);
    EXPECT_NE(snapshot, nullptr);
    runhook_snapshot_destroy(snapshot);
    EXPECT_EQ(runhook_context_set_restored_step(context, 1, nullptr), RUNHOOK_ERR_FAILED_PRECONDITION);
    return ok;
  };
  table.restore = [](runhook_context* context, void* self, int32_t ok) {
    EXPECT_EQ(runhook_session_initialize(runhook_context_session(context), RUNHOOK_VARIABLES_GLOBAL, nullptr),
              RUNHOOK_OK);
    return runhook_context_set_restored_step(context, static_cast<Saver*>(self)->saved, nullptr) == RUNHOOK_OK ? ok : 0;
  };
  runhook_saver* saver = runhook_saver_create(&table, nullptr);
  ASSERT_EQ(runhook_session_initialize(session_, RUNHOOK_VARIABLES_GLOBAL, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_saver_save(saver, session_, 12, error_.out()), RUNHOOK_OK) << error_.message();
  int32_t restored = 0;
  int64_t step = 0;
  EXPECT_EQ(runhook_saver_restore(saver, session_, &restored, &step, nullptr), RUNHOOK_OK);
  EXPECT_EQ(restored, 1);
  EXPECT_EQ(step, 12);
  runhook_saver_destroy(saver);
  EXPECT_EQ(kept.destroyed, 1);
}

}  // namespace
