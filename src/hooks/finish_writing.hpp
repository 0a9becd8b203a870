// finish_writing.hpp: how a hook finishes what it has written.
#ifndef RUNHOOK_SRC_HOOKS_FINISH_WRITING_HPP_
#define RUNHOOK_SRC_HOOKS_FINISH_WRITING_HPP_

#include <string>

#include "base/format.hpp"
#include "runhook/run_context.hpp"

namespace runhook::inline v1 {
namespace detail {

// Waits until an Output or a SummaryWriter has written everything, so that it knows of all failures. Closes it, unless
// it belongs to somebody else, who may go on using it.
template <class Writer>
void finish_writing(Writer& writer, bool shared, SessionRunContext& context) {
  if (shared) {
    writer.sync();
  } else {
    writer.close();
  }
  writer.report_to(context);
}

// Before a save: whoever goes on from there takes for granted that all is written up to its step. Waits for no longer
// than the end of a run may take, and then warns, once for all saves in a row. `name`: of the file.
template <class Writer>
void hand_over(Writer& writer, const std::string& name, bool& warned, SessionRunContext& context) {
  const bool late = !writer.sync();
  writer.report_to(context);
  if (late && !warned) {
    context.warn(Error(StatusCode::deadline_exceeded,
                       fmt::format("'{}' is not written up to step {}, and the save does not wait for it", name,
                                   context.global_step())));
  }
  warned = late;
}

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_HOOKS_FINISH_WRITING_HPP_
