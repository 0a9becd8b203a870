// dispositions.hpp: what the process does at each signal, now and before.
#ifndef RUNHOOK_SRC_SIGNALS_DISPOSITIONS_HPP_
#define RUNHOOK_SRC_SIGNALS_DISPOSITIONS_HPP_

#include <signal.h>

namespace runhook::inline v1 {
namespace detail {

inline constexpr int kSignalEnd = 65;  // signals are 1 to 64

// A handler of ours stays where it is when somebody has installed his own over it, and may be called by that one. If
// there is a new subscription, a handler is installed again above, and the call of the one below must not be taken for
// another signal. So there are several handlers, one for each layer.
inline constexpr int kSignalLayers = 4;

// What all of them call: handles a signal. In registry.cpp.
void on_signal(int layer, int signal, siginfo_t* info, void* context);

// What a signal did before a handler of ours was installed.
struct FormerAction {
  struct sigaction action;
  bool may_be_called;
  bool is_default() const noexcept;
  void call(int signal, siginfo_t* info, void* context) const;  // if it was a handler, which may leave as it likes
};

// The caller holds the registry's lock.

// Makes ours the handler of `signal`, for one more user. Returns false if the signal is ignored, and changes nothing
// then, unless `force_ignored`. Throws INVALID_ARGUMENT.
bool install_handler(int signal, bool force_ignored);
// With the last user puts back what was there before, unless the handler in force is not ours.
void release_handler(int signal) noexcept;
// As if all users were gone.
void release_all_handlers() noexcept;

// Signal handlers may call these.

// Whether a call of this layer's handler is to be taken for a signal: not if the layer is covered, and called from
// above.
bool is_layer_active(int layer, int signal) noexcept;
// Whether the kernel itself calls this layer's handler.
bool is_layer_in_force(int layer, int signal) noexcept;
// What was there when the layer was installed. For handlers of ours only: they have one.
const FormerAction& former_action(int layer, int signal) noexcept;
// Ends the process as the signal does if nobody handles it.
[[noreturn]] void take_default_action(int signal) noexcept;
// Sets the default action of the signal, and lets the calling thread get it. Returns only if that does not end the
// process, as in the first one of a container.
void raise_by_default(int signal) noexcept;

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_SIGNALS_DISPOSITIONS_HPP_
