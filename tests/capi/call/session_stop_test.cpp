// Stops and saves that a session asks for in its own step: in the function of a function session, a kernel, an engine.
#include <string>
#include <thread>

#include "capi/scripted.hpp"

namespace {

using namespace runhook_test;

enum class Kind { function, kernel, engine };

// A monitored session over a session of a kind, whose step is `step`. What is saved is counted.
class CApiSessionStop : public NoHandlesLeft, public testing::WithParamInterface<Kind> {
 protected:
  void TearDown() override {
    runhook_monitored_session_destroy(session_);
    runhook_run_args_destroy(args_);
    runhook_saver_destroy(saver_);
    runhook_stop_source_destroy(source_);
    error_.out();
    NoHandlesLeft::TearDown();
  }
  void open() {
    saver_ = runhook_memory_saver_create(nullptr);
    source_ = runhook_stop_source_create(nullptr);
    args_ = runhook_run_args_create(nullptr);
    if (GetParam() == Kind::kernel) {
      ASSERT_EQ(runhook_run_args_add_fetch(args_, nullptr, "node", nullptr), RUNHOOK_OK);
    }
    runhook_scaffold* scaffold = runhook_scaffold_create(nullptr);
    EXPECT_EQ(runhook_scaffold_set_saver(scaffold, saver_, nullptr), RUNHOOK_OK);
    const runhook_function create = function_of(create_);
    runhook_session_creator* creator = runhook_chief_session_creator_create(&create, scaffold, nullptr);
    runhook_config* config = runhook_config_create(nullptr);
    EXPECT_EQ(runhook_config_set_session_creator(config, creator, nullptr), RUNHOOK_OK);
    EXPECT_EQ(runhook_config_set_stop_source(config, source_, nullptr), RUNHOOK_OK);
    runhook_log quiet = RUNHOOK_LOG_INIT;
    quiet.write = [](const runhook_log_record*, void*) {};
    EXPECT_EQ(runhook_config_set_log(config, &quiet, nullptr), RUNHOOK_OK);
    session_ = runhook_monitored_session_create(config, error_.out());
    EXPECT_NE(session_, nullptr) << error_.message();
    runhook_config_destroy(config);
    runhook_session_creator_destroy(creator);
    runhook_scaffold_destroy(scaffold);
  }
  runhook_status run() { return runhook_monitored_session_run(session_, args_, nullptr, error_.out()); }
  runhook_stop_reason reason() const {
    runhook_stop_reason reason = RUNHOOK_STOP_REASON_INIT;
    EXPECT_EQ(runhook_stop_source_reason_at(source_, 0, &reason, nullptr), RUNHOOK_OK);
    return reason;
  }
  // A raw session of the kind; owned.
  runhook_session* make() {
    switch (GetParam()) {
      case Kind::function: {
        const runhook_function function = function_of(step);
        return runhook_function_session_create(&function, nullptr, 0, nullptr, 0, nullptr);
      }
      case Kind::kernel: {
        const runhook_function function = function_of(step);
        runhook_node node = RUNHOOK_NODE_INIT;
        node.user_data = function.user_data;
        node.destroy = function.destroy;
        node.kernel = function.call;
        node.name = "node";
        runhook_graph* graph = runhook_graph_create(nullptr);
        EXPECT_EQ(runhook_graph_add_node(graph, &node, nullptr), RUNHOOK_OK);
        runhook_session* session = runhook_graph_session_create(graph, nullptr);
        runhook_graph_destroy(graph);
        return session;
      }
      case Kind::engine: {
        runhook_session_table table = RUNHOOK_SESSION_TABLE_INIT;
        table.user_data = this;
        table.resolve = [](runhook_context* context, void* self, int32_t ok) {
          return answer(static_cast<CApiSessionStop*>(self)->resolve(context), ok);
        };
        table.run = [](runhook_context* context, void* self, int32_t ok) {
          return answer(static_cast<CApiSessionStop*>(self)->step(context), ok);
        };
        return runhook_session_create(&table, nullptr);
      }
    }
    return nullptr;
  }

  Callback step = [](runhook_context*) { return kOk; };
  Callback resolve = [](runhook_context* context) {
    return runhook_engine_set_node(context, 1, nullptr) == RUNHOOK_OK ? kOk : 0;
  };
  runhook_monitored_session* session_ = nullptr;
  runhook_run_args* args_ = nullptr;
  runhook_saver* saver_ = nullptr;
  runhook_stop_source* source_ = nullptr;  // of the session's stop state
  Caught error_;

 private:
  Callback create_ = [this](runhook_context* context) {
    runhook_session* raw = make();
    const auto status = runhook_context_set_session(context, raw, nullptr);
    runhook_session_destroy(raw);
    return status == RUNHOOK_OK ? kOk : RUNHOOK_CALLBACK_FAILED;
  };
};

TEST_P(CApiSessionStop, StepThatAsksForItIsTheLastOne) {
  step = [](runhook_context* context) {
    EXPECT_EQ(runhook_context_stop_requested(context), 0);
    EXPECT_EQ(runhook_context_request_stop(context, 7, "no more work", RUNHOOK_STOP_AFTER_STEP), 1);
    EXPECT_EQ(runhook_context_stop_requested(context), 1);
    EXPECT_EQ(runhook_context_request_stop(context, 8, "again", RUNHOOK_STOP_AFTER_STEP), 0);
    EXPECT_EQ(runhook_context_cancel_requested(context), 0);
    return kOk;
  };
  open();
  EXPECT_EQ(run(), RUNHOOK_OK) << error_.message();
  EXPECT_EQ(runhook_monitored_session_should_stop(session_), 1);
  EXPECT_EQ(run(), RUNHOOK_ERR_STOPPED);
  EXPECT_EQ(reason().origin, RUNHOOK_STOP_BY_SESSION);
  EXPECT_EQ(reason().urgency, RUNHOOK_STOP_AFTER_STEP);
  EXPECT_EQ(reason().code, 7);
  EXPECT_EQ(reason().step, 0);
  EXPECT_STREQ(reason().text, "no more work");
}

TEST_P(CApiSessionStop, UrgentOneCancelsTheStepItself) {
  step = [](runhook_context* context) {
    EXPECT_EQ(runhook_context_request_stop(context, 0, "now", RUNHOOK_STOP_NOW), 1);
    EXPECT_EQ(runhook_context_cancel_requested(context), 1);
    return runhook_context_fail(context, RUNHOOK_ERR_CANCELLED, nullptr);
  };
  open();
  EXPECT_EQ(run(), RUNHOOK_ERR_STOPPED);
  EXPECT_EQ(reason().origin, RUNHOOK_STOP_BY_SESSION);
  EXPECT_EQ(reason().urgency, RUNHOOK_STOP_NOW);
}

TEST_P(CApiSessionStop, RequestOfOthersIsSeen) {
  int32_t seen = -1;
  step = [&](runhook_context* context) {
    runhook_stop_source_request_stop(source_, 0, nullptr, RUNHOOK_STOP_AFTER_STEP);
    seen = runhook_context_stop_requested(context);
    return kOk;
  };
  open();
  EXPECT_EQ(run(), RUNHOOK_OK);
  EXPECT_EQ(seen, 1);
}

TEST_P(CApiSessionStop, SaveIsMadeAtTheEndOfTheStep) {
  bool asks = true;
  step = [&](runhook_context* context) {
    if (asks) {
      EXPECT_EQ(runhook_context_request_save(context, nullptr), RUNHOOK_OK);
    }
    EXPECT_EQ(runhook_memory_saver_save_count(saver_), 0) << "not yet";
    return kOk;
  };
  open();
  EXPECT_EQ(run(), RUNHOOK_OK) << error_.message();
  EXPECT_EQ(runhook_memory_saver_save_count(saver_), 1);
  EXPECT_EQ(runhook_monitored_session_should_stop(session_), 0);
  step = [](runhook_context*) { return kOk; };
  EXPECT_EQ(run(), RUNHOOK_OK);
  EXPECT_EQ(runhook_memory_saver_save_count(saver_), 1) << "once for each request";
}

TEST_P(CApiSessionStop, OtherThreadsAreRefused) {
  step = [](runhook_context* context) {
    std::thread([context] {
      Caught error;
      EXPECT_EQ(runhook_context_request_stop(context, 1, "from elsewhere", RUNHOOK_STOP_AFTER_STEP), 0);
      EXPECT_EQ(runhook_context_request_stop(context, 1, "from elsewhere", RUNHOOK_STOP_NOW), 0);
      EXPECT_EQ(runhook_context_stop_requested(context), 0);
      EXPECT_EQ(runhook_context_request_save(context, error.out()), RUNHOOK_ERR_FAILED_PRECONDITION);
    }).join();
    EXPECT_EQ(runhook_context_stop_requested(context), 0);
    EXPECT_EQ(runhook_context_cancel_requested(context), 0);
    return kOk;
  };
  open();
  EXPECT_EQ(run(), RUNHOOK_OK) << error_.message();
  EXPECT_EQ(runhook_monitored_session_should_stop(session_), 0);
  EXPECT_EQ(runhook_memory_saver_save_count(saver_), 0);
}

TEST_P(CApiSessionStop, KeptContextIsRefusedAfterTheStep) {
  runhook_context* kept = nullptr;
  step = [&](runhook_context* context) {
    kept = context;
    return kOk;
  };
  open();
  EXPECT_EQ(run(), RUNHOOK_OK);
  EXPECT_EQ(runhook_context_request_stop(kept, 1, "too late", RUNHOOK_STOP_AFTER_STEP), 0);
  EXPECT_EQ(runhook_context_stop_requested(kept), 0);
  EXPECT_NE(runhook_context_request_save(kept, error_.out()), RUNHOOK_OK);
  EXPECT_EQ(run(), RUNHOOK_OK);
  EXPECT_EQ(runhook_memory_saver_save_count(saver_), 0);
}

TEST_P(CApiSessionStop, OutsideALoopThereIsNothingToStop) {
  step = [](runhook_context* context) {
    Caught error;
    EXPECT_EQ(runhook_context_request_stop(context, 1, "nobody listens", RUNHOOK_STOP_AFTER_STEP), 0);
    EXPECT_EQ(runhook_context_stop_requested(context), 0);
    EXPECT_EQ(runhook_context_request_save(context, error.out()), RUNHOOK_ERR_FAILED_PRECONDITION);
    return kOk;
  };
  open();
  runhook_session* raw = make();
  EXPECT_EQ(runhook_session_run(raw, args_, nullptr, error_.out()), RUNHOOK_OK) << error_.message();
  runhook_session_destroy(raw);
}

std::string name_of(const testing::TestParamInfo<Kind>& kind) {
  switch (kind.param) {
    case Kind::function:
      return "Function";
    case Kind::kernel:
      return "Kernel";
    case Kind::engine:
      return "Engine";
  }
  return "";
}

INSTANTIATE_TEST_SUITE_P(Of, CApiSessionStop, testing::Values(Kind::function, Kind::kernel, Kind::engine), name_of);

class CApiEngineStop : public CApiSessionStop {};

TEST_P(CApiEngineStop, OtherCallbacksOfAnEngineAreRefused) {
  int32_t asked = -1;
  int32_t seen = -1;
  resolve = [&](runhook_context* context) {
    runhook_stop_source_request_stop(source_, 5, nullptr, RUNHOOK_STOP_AFTER_STEP);
    asked = runhook_context_request_stop(context, 1, "not here", RUNHOOK_STOP_AFTER_STEP);
    seen = runhook_context_stop_requested(context);
    return runhook_engine_set_node(context, 1, nullptr) == RUNHOOK_OK ? kOk : 0;
  };
  open();
  ASSERT_EQ(runhook_run_args_add_fetch(args_, nullptr, "any", nullptr), RUNHOOK_OK);
  EXPECT_EQ(run(), RUNHOOK_OK) << error_.message();
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(seen, 0);
  EXPECT_EQ(runhook_stop_source_reason_count(source_), 1U);
}

INSTANTIATE_TEST_SUITE_P(Of, CApiEngineStop, testing::Values(Kind::engine), name_of);

}  // namespace
