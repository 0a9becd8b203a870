#include "runhook/monitored_session.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "expect_error.hpp"
#include "runhook/function_session.hpp"

namespace runhook {
namespace {

class StepWatcher final : public SessionRunHook {
 public:
  void after_run(SessionRunContext& context, const SessionRunValues&) override {
    seen.push_back(context.global_step());
  }
  std::vector<std::int64_t> seen;
};

class FailingSaver final : public Saver {
 public:
  void save(Session&, std::int64_t) override {
    if (fails) throw StatusError(StatusCode::internal, "the disk is full");
  }
  std::optional<std::int64_t> restore(Session&) override { return std::nullopt; }
  bool fails = true;
};

TEST(MonitoredSession, StepWhoseSaveFailsIsCountedAllTheSame) {
  const auto saver = std::make_shared<FailingSaver>();
  const auto scaffold = std::make_shared<Scaffold>();
  scaffold->saver = saver;
  const auto watcher = std::make_shared<StepWatcher>();
  Config config;
  config.session_creator = std::make_shared<ChiefSessionCreator>(
      [] { return std::make_shared<FunctionSession>([](FunctionSession::Step&) {}); }, scaffold);
  config.hooks.push_back({watcher, {}});
  MonitoredSession session(std::move(config));
  session.request_save();
  EXPECT_STATUS(session.run(), internal, "the disk is full");
  EXPECT_EQ(session.global_step(), 1) << "the step was done, and every hook has seen its number";
  saver->fails = false;
  session.run();
  EXPECT_EQ(watcher->seen, (std::vector<std::int64_t>{1, 2}));
}

}  // namespace
}  // namespace runhook
