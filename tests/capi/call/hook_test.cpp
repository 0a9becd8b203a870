// Tables of hooks: taking them over, owning user_data, return values.
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "capi/scripted.hpp"

namespace {

using namespace runhook_test;

class CApiHook : public NoHandlesLeft {};

TEST_F(CApiHook, DestroyRunsOnceWhenTheConfigIsNoHandle) {
  ScriptedHook hook;
  const auto table = hook.table();
  EXPECT_EQ(runhook_config_add_hook(nullptr, &table, nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(hook.destroyed, 1);
}

TEST_F(CApiHook, DestroyRunsOnceWhenTheNameIsNotUtf8) {
  ScriptedHook hook;
  Loop loop;
  hook.name = "\xff";
  EXPECT_EQ(loop.add(hook), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(hook.destroyed, 1);
}

TEST_F(CApiHook, DestroyRunsOnceWhenOptionsAreRefused) {
  Loop loop;
  for (int which = 0; which < 5; ++which) {
    ScriptedHook hook;
    runhook_hook_options options = RUNHOOK_HOOK_OPTIONS_INIT;
    if (which == 0) options.phase = 4;
    if (which == 1) options.failure_policy = -1;
    if (which == 2) options.failure_policy = RUNHOOK_POLICY_DISABLE, options.max_failures = -1;
    if (which == 3) options.chief_only = 2;
    if (which == 4) options.struct_size = 8;
    EXPECT_EQ(loop.add(hook, &options), RUNHOOK_ERR_INVALID_ARGUMENT) << which;
    EXPECT_EQ(hook.destroyed, 1) << which;
  }
}

// Apart from the loop, since a hook has to outlive the session that calls it.
struct HookOfALoop {
  ScriptedHook hook;
  double seen = 0;
};

// A loop whose step outputs y = 1, with a hook that is to have it.
struct Fetching : HookOfALoop, Loop {
  Fetching() {
    options.fetches = kY;
    options.fetch_count = 1;
    hook.on["after_run"] = [this](runhook_context* context) {
      return runhook_context_get_double(context, "y", &seen, error.out()) == RUNHOOK_OK ? kOk : 0;
    };
  }
  static constexpr const char* kY[] = {"y"};
  runhook_hook_options options = RUNHOOK_HOOK_OPTIONS_INIT;
};

TEST_F(CApiHook, FetchesOfItsOptionsAreThereInAfterRunWithoutABeforeRun) {
  Fetching loop;
  runhook_hook table = loop.hook.table();
  table.before_run = nullptr;
  ASSERT_EQ(runhook_config_add_hook(loop.config, &table, &loop.options, nullptr), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  for (int run = 0; run < 3; ++run) EXPECT_EQ(loop.run(), RUNHOOK_OK) << loop.error.message();
  EXPECT_EQ(loop.seen, 1);
}

TEST_F(CApiHook, MayAskForMoreThanTheFetchesOfItsOptions) {
  Fetching loop;
  loop.hook.on["before_run"] = [](runhook_context* context) {
    return runhook_context_add_fetch(context, "again", "y", nullptr) == RUNHOOK_OK ? kOk : 0;
  };
  loop.hook.on["after_run"] = [&](runhook_context* context) {
    double again = 0;
    runhook_context_get_double(context, "again", &again, nullptr);
    runhook_context_get_double(context, "y", &loop.seen, nullptr);
    return again == loop.seen ? kOk : 0;
  };
  ASSERT_EQ(loop.add(loop.hook, &loop.options), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
  EXPECT_EQ(loop.seen, 1);
}

TEST_F(CApiHook, FailingBeforeRunBehindTheFetchesOfItsOptionsFailsTheStep) {
  Fetching loop;
  loop.hook.on["before_run"] = [](runhook_context*) { return 0; };
  ASSERT_EQ(loop.add(loop.hook, &loop.options), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_ERR_HOOK_FAILED);
}

TEST_F(CApiHook, FetchOfItsOptionsThatThereIsNotFailsTheStepAndNamesTheHook) {
  Fetching loop;
  const char* const names[] = {"yy"};
  loop.options.fetches = names;
  loop.hook.name = "reader";
  ASSERT_EQ(loop.add(loop.hook, &loop.options), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_ERR_NOT_FOUND);
  EXPECT_STREQ(runhook_error_hook(loop.error.get()), "reader");
  EXPECT_NE(loop.error.message().find("did you mean 'y'"), std::string::npos) << loop.error.message();
}

TEST_F(CApiHook, FetchesOfABuiltInHookAreAskedForToo) {
  Fetching loop;
  int fetched = 0;
  loop.step = [&](runhook_context* context) {
    fetched += runhook_step_wanted(context, "y");
    return runhook_step_set_double(context, "y", 1, nullptr) == RUNHOOK_OK ? kOk : 0;
  };
  runhook_stop_at_step_options at = RUNHOOK_STOP_AT_STEP_OPTIONS_INIT;
  at.target = RUNHOOK_STOP_AT_LAST_STEP;
  at.step = 2;
  runhook_builtin_hook* stop = runhook_stop_at_step_hook_create(&at, nullptr);
  EXPECT_EQ(runhook_config_add_builtin_hook(loop.config, stop, &loop.options, nullptr), RUNHOOK_OK);
  runhook_builtin_hook_destroy(stop);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(runhook_monitored_session_run_until_stop(loop.session, nullptr, 0, nullptr, nullptr), RUNHOOK_OK);
  EXPECT_EQ(fetched, 2);
}

TEST_F(CApiHook, FetchesOfItsOptionsThatAreNoNamesAreRefused) {
  for (const char* const name : {"", static_cast<const char*>(nullptr), "y"}) {
    Fetching loop;
    const char* const names[] = {name, "y"};
    loop.options.fetches = names;
    loop.options.fetch_count = 2;
    const bool added = loop.add(loop.hook, &loop.options) == RUNHOOK_OK;
    EXPECT_FALSE(added && loop.start());
    EXPECT_EQ(loop.error.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
  }
}

TEST_F(CApiHook, SaveAndRestoreAreAcceptedAndNotCalled) {
  ScriptedHook hook;
  Loop loop;
  runhook_hook table = hook.table();
  table.save = table.restore = [](runhook_context*, void* self, int32_t ok) {
    static_cast<ScriptedHook*>(self)->called.emplace_back("save or restore");
    return ok;
  };
  ASSERT_EQ(runhook_config_add_hook(loop.config, &table, nullptr, nullptr), RUNHOOK_OK);
  table.save = nullptr;  // another hook, then
  EXPECT_EQ(runhook_config_add_hook(loop.config, &table, nullptr, nullptr), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
  EXPECT_EQ(runhook_monitored_session_request_save(loop.session, nullptr), RUNHOOK_OK);
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
  EXPECT_EQ(loop.close(), RUNHOOK_OK);
  EXPECT_EQ(hook.count("save or restore"), 0);
  EXPECT_EQ(hook.count("cleanup"), 2);
}

TEST_F(CApiHook, NothingIsConsumedWhenTheSizeIsRefused) {
  ScriptedHook hook;
  Loop loop;
  auto table = hook.table();
  for (const std::size_t size : {std::size_t{0}, sizeof table - 1, std::size_t{4097}}) {
    table.struct_size = size;
    EXPECT_EQ(runhook_config_add_hook(loop.config, &table, nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  }
  EXPECT_EQ(runhook_config_add_hook(loop.config, nullptr, nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(hook.destroyed, 0);
}

TEST_F(CApiHook, NewerTableIsAcceptedIfItsTailIsZero) {
  ScriptedHook hook;
  Loop loop;
  struct Newer {
    runhook_hook known;
    void* unknown[2];
  } newer{hook.table(), {nullptr, nullptr}};
  newer.known.struct_size = sizeof newer;
  EXPECT_EQ(runhook_config_add_hook(loop.config, &newer.known, nullptr, nullptr), RUNHOOK_OK);
  EXPECT_EQ(hook.destroyed, 0);

  ScriptedHook other;
  newer.known = other.table();
  newer.known.struct_size = sizeof newer;
  newer.unknown[1] = &newer;
  EXPECT_EQ(runhook_config_add_hook(loop.config, &newer.known, nullptr, nullptr), RUNHOOK_ERR_UNIMPLEMENTED);
  EXPECT_EQ(other.destroyed, 1);
}

TEST_F(CApiHook, SameTableTwiceIsDestroyedOnce) {
  ScriptedHook hook;
  {
    Loop loop;
    EXPECT_EQ(loop.add(hook), RUNHOOK_OK);
    EXPECT_EQ(loop.add(hook), RUNHOOK_ERR_ALREADY_EXISTS);
    EXPECT_EQ(hook.destroyed, 0);
    ASSERT_TRUE(loop.start());
    const auto table = hook.table();
    EXPECT_EQ(runhook_monitored_session_add_hook(loop.session, &table, nullptr, nullptr, nullptr),
              RUNHOOK_ERR_ALREADY_EXISTS);
    EXPECT_EQ(hook.destroyed, 0);
  }
  EXPECT_EQ(hook.destroyed, 1);
}

TEST_F(CApiHook, WithoutUserDataIsNeverTheSame) {
  Loop loop;
  runhook_hook table = RUNHOOK_HOOK_INIT;
  EXPECT_EQ(runhook_config_add_hook(loop.config, &table, nullptr, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_config_add_hook(loop.config, &table, nullptr, nullptr), RUNHOOK_OK);
}

TEST_F(CApiHook, DestroyRunsOnceWhenTheSessionCannotBeMade) {
  ScriptedHook hook;
  hook.on["begin"] = [](runhook_context* context) {
    return runhook_context_fail(context, RUNHOOK_ERR_DATA_LOSS, "begin is over");
  };
  {
    Loop loop;
    ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
    EXPECT_FALSE(loop.start());
    EXPECT_EQ(loop.error.code(), RUNHOOK_ERR_DATA_LOSS);
    EXPECT_EQ(loop.error.message(), "begin is over");
    EXPECT_STREQ(runhook_error_hook(loop.error.get()), "scripted");
    EXPECT_STREQ(runhook_error_callback(loop.error.get()), "begin");
    EXPECT_EQ(hook.count("cleanup"), 1);
    EXPECT_EQ(hook.destroyed, 0) << "the config still has it";
  }
  EXPECT_EQ(hook.destroyed, 1);
}

TEST_F(CApiHook, AnyOtherVerdictFailsTheRun) {
  for (const char* const callback : {"before_run", "after_run"}) {
    for (const int32_t returned : {0, 1, -1, static_cast<int>(RUNHOOK_CALLBACK_FAILED), 0x7fffffff}) {
      ScriptedHook hook;
      Loop loop;
      hook.on[callback] = [returned](runhook_context*) { return returned; };
      ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
      ASSERT_TRUE(loop.start());
      EXPECT_EQ(loop.run(), RUNHOOK_ERR_HOOK_FAILED);
      EXPECT_EQ(loop.error.message(), unexplained_failure(callback, returned));
    }
  }
}

TEST_F(CApiHook, FailureCountsThoughTheVerdictIsOk) {
  for (const char* const callback : {"before_run", "after_run", "after_create_session", "end", "cleanup"}) {
    ScriptedHook hook;
    Loop loop;
    hook.on[callback] = [](runhook_context* context) {
      runhook_context_fail(context, RUNHOOK_ERR_DATA_LOSS, "first");
      runhook_context_fail(context, RUNHOOK_ERR_INTERNAL, "second");
      return kOk;
    };
    ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
    auto status = loop.start() ? loop.run() : loop.error.code();
    if (status == RUNHOOK_OK) status = loop.close();
    EXPECT_EQ(status, RUNHOOK_ERR_DATA_LOSS) << callback;
    EXPECT_EQ(loop.error.message(), "first") << callback;
    EXPECT_STREQ(runhook_error_callback(loop.error.get()), callback);
  }
}

TEST_F(CApiHook, ExceptionOfACallbackFailsTheRun) {
  for (const char* const callback : {"before_run", "after_run"}) {
    ScriptedHook hook;
    Loop loop;
    hook.on[callback] = [](runhook_context*) -> int32_t { throw std::runtime_error("thrown"); };
    ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
    ASSERT_TRUE(loop.start());
    EXPECT_EQ(loop.run(), RUNHOOK_ERR_HOOK_FAILED);
    EXPECT_EQ(loop.error.message(), "thrown");
  }
}

TEST_F(CApiHook, OnErrorSeesTheError) {
  ScriptedHook hook;
  Loop loop;
  int32_t code = 0;
  hook.on["on_error"] = [&](runhook_context* context) {
    code = runhook_error_code(runhook_context_error(context));
    return kOk;
  };
  hook.on["after_run"] = [](runhook_context* context) {
    EXPECT_EQ(runhook_context_error(context), nullptr);
    return kOk;
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
  loop.step = [](runhook_context* context) { return runhook_context_fail(context, RUNHOOK_ERR_DATA_LOSS, "lost"); };
  EXPECT_EQ(loop.run(), RUNHOOK_ERR_DATA_LOSS);
  EXPECT_EQ(code, RUNHOOK_ERR_DATA_LOSS);
}

TEST_F(CApiHook, GuardsComeBeforeSaversWhateverTheOrderOfAdding) {
  std::string order;
  ScriptedHook saver, guard, normal;
  Loop loop;
  const auto note = [&](ScriptedHook& hook, char letter) {
    hook.on["before_run"] = [&order, letter](runhook_context*) {
      order += letter;
      return kOk;
    };
  };
  note(saver, 's');
  note(guard, 'g');
  note(normal, 'n');
  runhook_hook_options options = RUNHOOK_HOOK_OPTIONS_INIT;
  options.phase = RUNHOOK_PHASE_SAVER;
  ASSERT_EQ(loop.add(saver, &options), RUNHOOK_OK);
  options.phase = RUNHOOK_PHASE_GUARD;
  ASSERT_EQ(loop.add(guard, &options), RUNHOOK_OK);
  ASSERT_EQ(loop.add(normal), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
  EXPECT_EQ(order, "gns");
}

TEST_F(CApiHook, WarnPolicyTurnsAFailureIntoAWarning) {
  ScriptedHook hook;
  Loop loop;
  hook.on["after_run"] = [](runhook_context*) { return 0; };
  runhook_hook_options options = RUNHOOK_HOOK_OPTIONS_INIT;
  options.failure_policy = RUNHOOK_POLICY_WARN;
  ASSERT_EQ(loop.add(hook, &options), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
  EXPECT_EQ(loop.close(), RUNHOOK_OK);
  runhook_outcome* outcome = runhook_monitored_session_outcome(loop.session, nullptr);
  EXPECT_EQ(runhook_outcome_warnings(outcome), 2);
  runhook_outcome_destroy(outcome);
}

TEST_F(CApiHook, FailuresOfAToleratedHookAreLoggedEverMoreRarely) {
  ScriptedHook hook;
  std::vector<std::string> warnings;
  Loop loop;
  runhook_log log = RUNHOOK_LOG_INIT;
  log.user_data = &warnings;
  log.write = [](const runhook_log_record* record, void* to) {
    if (record->level == RUNHOOK_LOG_WARNING) {
      static_cast<std::vector<std::string>*>(to)->emplace_back(record->message);
    }
  };
  ASSERT_EQ(runhook_config_set_log(loop.config, &log, nullptr), RUNHOOK_OK);
  hook.on["after_run"] = [](runhook_context*) { return 0; };
  runhook_hook_options options = RUNHOOK_HOOK_OPTIONS_INIT;
  options.failure_policy = RUNHOOK_POLICY_WARN;
  ASSERT_EQ(loop.add(hook, &options), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  for (int i = 0; i < 100; ++i) EXPECT_EQ(loop.run(), RUNHOOK_OK);
  EXPECT_EQ(hook.count("after_run"), 100);
  ASSERT_EQ(warnings.size(), 7U);
  for (std::size_t i = 0; i < warnings.size(); ++i) {
    EXPECT_NE(warnings[i].find("(failure " + std::to_string(1 << i) + " of this hook)"), std::string::npos)
        << warnings[i];
  }
  EXPECT_EQ(loop.close(), RUNHOOK_OK);
  runhook_outcome* outcome = runhook_monitored_session_outcome(loop.session, nullptr);
  EXPECT_EQ(runhook_outcome_warnings(outcome), 100);
  EXPECT_EQ(runhook_error_message(runhook_outcome_first_warning(outcome)), unexplained_failure("after_run", 0));
  runhook_outcome_destroy(outcome);
}

TEST_F(CApiHook, RequestAfterTheStepFailsTheRunThoughItIsIgnored) {
  ScriptedHook hook;
  bool asks = false;
  Loop loop;
  hook.on["after_run"] = [&](runhook_context* context) {
    if (asks) {
      EXPECT_EQ(runhook_context_add_fetch(context, nullptr, "y", nullptr), RUNHOOK_ERR_FAILED_PRECONDITION);
    }
    return kOk;
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  for (int i = 0; i < 2; ++i) {
    asks = false;
    EXPECT_EQ(loop.run(), RUNHOOK_OK);
    EXPECT_EQ(loop.run(), RUNHOOK_OK);
    asks = true;
    EXPECT_EQ(loop.run(), RUNHOOK_ERR_FAILED_PRECONDITION);
    EXPECT_NE(loop.error.message().find("before_run only"), std::string::npos) << loop.error.message();
    EXPECT_STREQ(runhook_error_hook(loop.error.get()), "scripted");
    EXPECT_STREQ(runhook_error_callback(loop.error.get()), "after_run");
  }
}

TEST_F(CApiHook, RemovedHookOfAConfigCanBeAddedAgain) {
  ScriptedHook hook;
  {
    Loop loop;
    ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
    ASSERT_TRUE(loop.start());
    uint64_t id = 0;
    ASSERT_EQ(runhook_monitored_session_find_hook(loop.session, "scripted", &id, nullptr), RUNHOOK_OK);
    EXPECT_EQ(runhook_monitored_session_remove_hook(loop.session, id, nullptr), RUNHOOK_OK);
    EXPECT_EQ(loop.run(), RUNHOOK_OK);
    EXPECT_EQ(hook.count("cleanup"), 1);
    EXPECT_EQ(hook.count("before_run"), 0);
    const auto table = hook.table();
    uint64_t again = 0;
    EXPECT_EQ(runhook_monitored_session_add_hook(loop.session, &table, nullptr, &again, nullptr), RUNHOOK_OK);
    EXPECT_NE(again, id);
    EXPECT_EQ(runhook_monitored_session_add_hook(loop.session, &table, nullptr, nullptr, nullptr),
              RUNHOOK_ERR_ALREADY_EXISTS);
    EXPECT_EQ(loop.run(), RUNHOOK_OK);
    EXPECT_EQ(hook.count("begin"), 2);
    EXPECT_EQ(hook.count("before_run"), 1);
    EXPECT_EQ(hook.destroyed, 0);
    runhook_hook_options bad = RUNHOOK_HOOK_OPTIONS_INIT;
    bad.phase = 9;
    EXPECT_EQ(runhook_monitored_session_add_hook(loop.session, &table, &bad, nullptr, nullptr),
              RUNHOOK_ERR_INVALID_ARGUMENT);
    EXPECT_EQ(hook.destroyed, 0) << "the config still has it";
  }
  EXPECT_EQ(hook.destroyed, 1);
}

TEST_F(CApiHook, WhatAnErrorHasLentLivesWhenTheErrorIsAskedForAgain) {
  ScriptedHook hook, other;
  Loop loop;
  loop.step = [](runhook_context* context) {
    return runhook_context_fail(context, RUNHOOK_ERR_INTERNAL, "disk on fire");
  };
  other.name = "other";
  other.on["on_error"] = [](runhook_context* context) {
    return runhook_context_fail(context, RUNHOOK_ERR_DATA_LOSS, "and lost");
  };
  hook.on["on_error"] = [](runhook_context* context) {
    const runhook_error* error = runhook_context_error(context);
    const char* const text = runhook_error_to_string(error);
    const std::string before = text;
    const runhook_error* suppressed = runhook_error_suppressed_at(error, 0);
    EXPECT_EQ(runhook_error_code(suppressed), RUNHOOK_ERR_DATA_LOSS);
    EXPECT_EQ(runhook_context_error(context), error);
    EXPECT_EQ(text, before);
    EXPECT_NE(before.find("disk on fire"), std::string::npos) << before;
    EXPECT_EQ(runhook_error_code(suppressed), RUNHOOK_ERR_DATA_LOSS);
    return kOk;
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_EQ(loop.add(other), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_ERR_INTERNAL);
  EXPECT_EQ(hook.count("on_error"), 1);
}

TEST_F(CApiHook, NameWithALineEndForgesNoLine) {
  ScriptedHook hook;
  Loop loop;
  std::vector<std::string> lines;
  runhook_log log = RUNHOOK_LOG_INIT;
  log.user_data = &lines;
  log.write = [](const runhook_log_record* record, void* to) {
    static_cast<std::vector<std::string>*>(to)->push_back(record->message);
  };
  ASSERT_EQ(runhook_config_set_log(loop.config, &log, nullptr), RUNHOOK_OK);
  hook.name = "mine'\nrunhook: error: forged";
  hook.on["after_run"] = [](runhook_context* context) {
    EXPECT_EQ(runhook_context_log(context, RUNHOOK_LOG_INFO, "two\nlines", nullptr), RUNHOOK_OK);
    return runhook_context_fail(context, RUNHOOK_ERR_INTERNAL, "it is broken");
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_ERR_INTERNAL);
  EXPECT_EQ(runhook_error_hook(loop.error.get()), hook.name);
  lines.emplace_back(runhook_error_to_string(loop.error.get()));
  loop.close();
  EXPECT_GE(lines.size(), 2U);
  for (const std::string& line : lines) EXPECT_EQ(line.find('\n'), std::string::npos) << line;
}

}  // namespace
