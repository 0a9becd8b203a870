// finish_writing.hpp: how a hook finishes what it has written.
#ifndef RUNHOOK_SRC_HOOKS_FINISH_WRITING_HPP_
#define RUNHOOK_SRC_HOOKS_FINISH_WRITING_HPP_

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

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_HOOKS_FINISH_WRITING_HPP_
