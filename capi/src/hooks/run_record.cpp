#include "runhook/run_record.h"

#include <chrono>
#include <utility>

#include "boundary/option_value.hpp"
#include "boundary/table.hpp"
#include "boundary/text.hpp"
#include "hooks/builtin_hook.hpp"
#include "runhook/hooks/run_record.hpp"

using namespace runhook;
using namespace runhook::capi;

namespace {

constexpr std::size_t kRunRecordSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_run_record_options, refresh_ns);
static_assert(offsetof(runhook_run_record_options, dir) == 8 && kRunRecordSizeV1_0 == 40, "the 1.0 prefix is frozen");

}  // namespace

runhook_builtin_hook* runhook_run_record_hook_create(const runhook_run_record_options* options, runhook_error** error) {
  return made_hook(error, [&] {
    const runhook_run_record_options given = read_struct(options, kRunRecordSizeV1_0);
    RunRecordOptions wanted;
    wanted.directory = required_text(given.dir, "dir");
    wanted.title = optional_text(given.title, "title");
    wanted.parameters = optional_text(given.parameters, "parameters");
    wanted.refresh = std::chrono::nanoseconds(amount_or(given.refresh_ns, wanted.refresh.count()));
    return RunRecordHook::make(std::move(wanted));
  });
}
