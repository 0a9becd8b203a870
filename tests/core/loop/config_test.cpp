#include "runhook/config.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "core/expect_error.hpp"
#include "runhook/function_session.hpp"
#include "runhook/monitored_session.hpp"

namespace runhook {
namespace {

class Named final : public SessionRunHook {
 public:
  std::string_view name() const override { return "named"; }
};

TEST(Config, SessionThatExistsIsTheOnlyOne) {
  int runs = 0;
  Config config;
  config.log = [](LogLevel, std::string_view) {};
  config.set_session(std::make_shared<FunctionSession>([&runs](FunctionSession::Step&) {
    ++runs;
    throw StatusError(StatusCode::aborted, "lost");
  }));
  MonitoredSession session(config);
  EXPECT_STATUS(session.run(), aborted, "lost");
  EXPECT_EQ(runs, 1) << "nothing is recovered";
  EXPECT_STATUS(Config().set_session(nullptr), invalid_argument, "there is no session");
}

TEST(Config, WithoutASessionSaysWhatToCall) {
  EXPECT_STATUS(MonitoredSession{Config{}}, failed_precondition,
                "the config has no session: call set_session() or set_inline(), or set a session_creator");
}

TEST(Config, ListOfHooksIsAddedInItsOrder) {
  const auto first = std::make_shared<Named>();
  const auto second = std::make_shared<Named>();
  const auto third = std::make_shared<Named>();
  HookOptions options;
  options.name = "second";
  Config config;
  config.add_hook(first).add_hooks({{second, options}, {third, {}}});
  ASSERT_EQ(config.hooks.size(), 3U);
  EXPECT_EQ(config.hooks[0].hook, first);
  EXPECT_EQ(config.hooks[1].hook, second);
  EXPECT_EQ(config.hooks[1].options.name, "second");
  EXPECT_EQ(config.hooks[2].hook, third);
  EXPECT_STATUS(config.add_hooks({{first, {}}, {nullptr, {}}}), invalid_argument, "one of the hooks to add is NULL");
  EXPECT_EQ(config.hooks.size(), 3U) << "all or none";
  EXPECT_EQ(config.add_hooks({}).hooks.size(), 3U);
}

class Reader final : public SessionRunHook {
 public:
  void before_run(SessionRunContext& context) override { context.add_fetch("", fetched); }
  void after_run(SessionRunContext&, const SessionRunValues& values) override {
    real = values.results().to_double(fetched);
    whole = values.results().to_int64(fetched);
  }
  std::string fetched;
  double real = 0;
  std::int64_t whole = 0;
};

TEST(Results, AreReadAsNumbers) {
  const auto reader = std::make_shared<Reader>();
  reader->fetched = "loss";
  Config config;
  config.log = [](LogLevel, std::string_view) {};
  config.add_hook(reader).set_session(std::make_shared<FunctionSession>(
      [](FunctionSession::Step& step) { step.set("loss", 2.5); }, std::vector<std::string>{"loss", "never"}));
  MonitoredSession session(config);
  session.run();
  EXPECT_EQ(reader->real, 2.5);
  EXPECT_EQ(reader->whole, 2);
  reader->fetched = "never";
  EXPECT_STATUS(session.run(), failed_precondition,
                "'never' has no value: it was fetched, but the step has not published it");
  reader->fetched = "los";
  EXPECT_STATUS(session.run(), not_found,
                "'los' is neither an output nor an input; did you mean 'loss'? there are 'loss' and 'never'");
}

TEST(Results, WithoutAFetchSayHowToAsk) {
  EXPECT_STATUS(
      Results().to_double("loss"), not_found,
      "there is no result at 'loss': nothing was fetched, which is asked for by add_fetch() in before_run, or "
      "in the args of the run");
  Results results;
  results.reset(Fetches::map({{"loss", "l"}, {"rate", "r"}}));
  EXPECT_STATUS(results.to_int64("lss"), not_found,
                "there is no result at 'lss'; did you mean 'loss'? there are 'loss' and 'rate'");
  EXPECT_STATUS(results.to_double(), not_found, "there are 2 results, not one");
  results.reset(Fetches("loss"), /*skipped=*/true);
  EXPECT_STATUS(results.to_double(), failed_precondition, "'loss' has no value: a hook has skipped the step");
}

}  // namespace
}  // namespace runhook
