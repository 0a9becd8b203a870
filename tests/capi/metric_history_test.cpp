// The history of metrics in C.
#include "runhook/metric_history.h"

#include <gmock/gmock.h>

#include <fstream>
#include <string>
#include <vector>

#include "capi/scripted.hpp"
#include "folder.hpp"
#include "runhook/summary.h"

namespace {

using namespace runhook_test;
using testing::ElementsAre;
using testing::HasSubstr;

class MetricHistory : public NoHandlesLeft {
 protected:
  void write(const char* name, double value, int64_t step) {
    runhook_summary_writer* const writer = runhook_summary_writer_create(folder.path().c_str(), nullptr, nullptr);
    EXPECT_EQ(runhook_summary_writer_add_scalar(writer, name, value, step, nullptr), RUNHOOK_OK);
    path = runhook_summary_writer_path(writer);
    runhook_summary_writer_close(writer, nullptr);
    runhook_summary_writer_destroy(writer);
  }
  // "STEP NAME VALUE" of each.
  std::vector<std::string> read() {
    runhook_log log = RUNHOOK_LOG_INIT;
    log.user_data = &warnings;
    log.write = [](const runhook_log_record* record, void* to) {
      static_cast<std::vector<std::string>*>(to)->emplace_back(record->message);
    };
    runhook_metric_history* const history = runhook_metric_history_read(folder.path().c_str(), &log, error.out());
    EXPECT_NE(history, nullptr) << error.message();
    std::vector<std::string> found;
    for (size_t i = 0; i < runhook_metric_history_count(history); ++i) {
      int64_t step = -1;
      double value = -1;
      const std::string name = runhook_metric_history_value(history, i, &step, &value);
      found.push_back(std::to_string(step) + " " + name + " " + std::to_string(static_cast<int>(value)));
    }
    int64_t step = -7;
    EXPECT_EQ(runhook_metric_history_value(history, found.size(), &step, nullptr), nullptr);
    EXPECT_EQ(step, -7);
    runhook_metric_history_destroy(history);
    EXPECT_EQ(runhook_metric_history_count(history), 0U);
    return found;
  }
  const Folder folder;
  std::string path;
  std::vector<std::string> warnings;
  Caught error;
};

TEST_F(MetricHistory, HasAllValuesInTheOrderOfStepsAndNames) {
  EXPECT_THAT(read(), ElementsAre());
  write("loss", 4, 20);
  write("loss", 5, 10);
  write("accuracy", 6, 20);
  EXPECT_THAT(read(), ElementsAre("10 loss 5", "20 accuracy 6", "20 loss 4"));
  EXPECT_THAT(warnings, ElementsAre());
}

TEST_F(MetricHistory, DamagedFileIsWarnedOfAndReadAsFarAsItGoes) {
  write("loss", 4, 20);
  std::ofstream(path, std::ios::app) << std::string(64, 'x');
  EXPECT_THAT(read(), ElementsAre("20 loss 4"));
  EXPECT_THAT(warnings, ElementsAre(HasSubstr(path)));
}

TEST_F(MetricHistory, NeedsADirectory) {
  EXPECT_EQ(runhook_metric_history_read(nullptr, nullptr, error.out()), nullptr);
  EXPECT_EQ(error.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
  error.out();
}

}  // namespace
