#include "runhook/report.h"

#include <chrono>
#include <utility>

#include "boundary/option_value.hpp"
#include "boundary/table.hpp"
#include "boundary/text.hpp"
#include "hooks/builtin_hook.hpp"
#include "runhook/hooks/report.hpp"

using namespace runhook;
using namespace runhook::capi;

namespace {

constexpr std::size_t kReportSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_report_options, refresh_ns);
static_assert(offsetof(runhook_report_options, path) == 8 && kReportSizeV1_0 == 80, "the 1.0 prefix is frozen");

}  // namespace

runhook_builtin_hook* runhook_report_hook_create(const runhook_report_options* options, runhook_error** error) {
  return made_hook(error, [&] {
    const runhook_report_options given = read_struct(options, kReportSizeV1_0);
    ReportOptions wanted;
    wanted.path = required_text(given.path, "path");
    wanted.title = optional_text(given.title, "title");
    wanted.metrics = required_texts(given.metrics, given.metric_count, "metrics");
    std::vector<std::string> names = required_texts(given.fact_names, given.fact_count, "fact_names");
    std::vector<std::string> texts = required_texts(given.fact_texts, given.fact_count, "fact_texts");
    for (std::size_t i = 0; i < names.size(); ++i) wanted.facts.emplace_back(std::move(names[i]), std::move(texts[i]));
    if (given.interval_ns < 0) wanted.metrics.clear();
    // A time of 0 means every run there, and no refreshing.
    if (given.interval_ns > 0)
      wanted.interval = std::chrono::nanoseconds(given.interval_ns == 1 ? 0 : given.interval_ns);
    wanted.refresh = std::chrono::nanoseconds(amount_or(given.refresh_ns, wanted.refresh.count()));
    return ReportHook::make(std::move(wanted));
  });
}
