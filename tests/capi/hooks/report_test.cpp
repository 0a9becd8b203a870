// The hook that leaves a page behind, made in C.
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "capi/scripted.hpp"
#include "folder.hpp"

namespace {

using namespace runhook_test;

class CApiReport : public NoHandlesLeft {
 protected:
  CApiReport() { options_.path = path_.c_str(); }
  void TearDown() override {
    error_.out();
    NoHandlesLeft::TearDown();
  }
  bool on_page(const std::string& text) const { return content(path_).find(text) != std::string::npos; }
  runhook_builtin_hook* create() { return runhook_report_hook_create(&options_, error_.out()); }

  const Folder folder_;
  const std::string path_ = folder_.file("report.html");
  runhook_report_options options_ = RUNHOOK_REPORT_OPTIONS_INIT;
  Caught error_;
};

TEST_F(CApiReport, PageHoldsWhatTheOptionsAskFor) {
  const char* const metrics[] = {"y"};
  const char* const names[] = {"Batch size", "Machine"};
  const char* const texts[] = {"64", "node-17"};
  options_.title = "In C";
  options_.metrics = metrics;
  options_.metric_count = 1;
  options_.fact_names = names;
  options_.fact_texts = texts;
  options_.fact_count = 2;
  options_.interval_ns = 1;
  options_.refresh_ns = -1;
  Loop loop;
  runhook_builtin_hook* hook = create();
  ASSERT_NE(hook, nullptr) << error_.message();
  EXPECT_EQ(runhook_config_add_builtin_hook(loop.config, hook, nullptr, nullptr), RUNHOOK_OK);
  runhook_builtin_hook_destroy(hook);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(runhook_monitored_session_run_until_stop(loop.session, nullptr, 5, nullptr, nullptr), RUNHOOK_OK);
  EXPECT_FALSE(std::filesystem::exists(path_)) << "without refresh it is written at the end";
  EXPECT_EQ(loop.close(), RUNHOOK_OK);
  for (const char* text : {"<h1>In C</h1>", "<strong>Completed</strong> at step 5", "<h3>y</h3>",
                           "<tr><th scope=\"row\">5</th><td>1</td></tr>", "<dt>Batch size</dt><dd>64</dd>",
                           "<dt>Machine</dt><dd>node-17</dd>"}) {
    EXPECT_TRUE(on_page(text)) << text;
  }
}

TEST_F(CApiReport, MetricThatIsNotKnownIsAWarning) {
  const char* const metrics[] = {"no such name"};
  options_.metrics = metrics;
  options_.metric_count = 1;
  Loop loop;
  runhook_builtin_hook* hook = create();
  EXPECT_EQ(runhook_config_add_builtin_hook(loop.config, hook, nullptr, nullptr), RUNHOOK_OK);
  runhook_builtin_hook_destroy(hook);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
  EXPECT_EQ(loop.close(), RUNHOOK_OK);
  EXPECT_TRUE(on_page("no such name"));
  EXPECT_TRUE(on_page("<strong>Completed</strong>"));
}

TEST_F(CApiReport, OptionsThatMakeNoSenseAreRefused) {
  options_.path = nullptr;
  EXPECT_EQ(create(), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
  options_.path = path_.c_str();
  options_.fact_count = 1;
  EXPECT_EQ(create(), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
  options_.fact_count = 0;
  options_.struct_size = 8;
  EXPECT_EQ(create(), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_report_hook_create(nullptr, nullptr), nullptr);
}

}  // namespace
