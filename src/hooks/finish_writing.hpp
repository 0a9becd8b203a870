// The end of what a hook writes to.
#ifndef RUNHOOK_SRC_HOOKS_FINISH_WRITING_HPP_
#define RUNHOOK_SRC_HOOKS_FINISH_WRITING_HPP_

#include "runhook/run_context.hpp"

namespace runhook::inline v1 {
namespace detail {

// Waits for what was written to an Output or a SummaryWriter, so that it can tell what has gone wrong. Closes it,
// unless it is somebody else's, who may go on using it.
template <class Writer>
void finish_writing(Writer& writer, bool shared, SessionRunContext& context) {
  if (shared) {
    writer.sync();
  } else {
    writer.close();
  }
  writer.report_to(context);
}

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_HOOKS_FINISH_WRITING_HPP_
