// save_service.hpp: the hook of a session that saves it.
#ifndef RUNHOOK_SRC_RUN_SAVE_SERVICE_HPP_
#define RUNHOOK_SRC_RUN_SAVE_SERVICE_HPP_

#include <memory>

#include "runhook/run_context.hpp"
#include "runhook/snapshot.hpp"

namespace runhook::inline v1 {
namespace detail {

struct HookSlot;

// Serves the requests to save at the safe points of the loop, in place of the saver that the sessions come from.
class SaveService {
 public:
  virtual void save_requested(SessionRunContext& context) = 0;
  virtual void save_ended(SessionRunContext& context) = 0;  // one that has gone on behind the loop
  // Whether what is not saved yet is to be saved before the end of a run that has been asked to stop: once for a step.
  virtual bool take_hurry(SessionRunContext& context) = 0;

 protected:
  ~SaveService() = default;
};

// Who serves them, if anybody does. Set in the hook's begin, and reset in its cleanup.
struct ServingHook {
  SaveService* service = nullptr;
  HookSlot* slot = nullptr;
  std::shared_ptr<Saver> saver;  // from which sessions go on that come without one; may be NULL
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_RUN_SAVE_SERVICE_HPP_
