// dispositions.hpp: what the process does at each signal, now and before.
#ifndef RUNHOOK_SRC_SIGNALS_DISPOSITIONS_HPP_
#define RUNHOOK_SRC_SIGNALS_DISPOSITIONS_HPP_

#include <signal.h>

namespace runhook::inline v1 {
namespace detail {

inline constexpr int kSignalEnd = 65;  // signals are 1 to 64

// If somebody installs a handler above ours, that handler may call ours. With the next subscription ours is installed
// once more, above it, and is then called twice for each signal: by the kernel, and by that handler. To tell these
// calls apart there are several handlers, one for each layer.
inline constexpr int kSignalLayers = 4;

// What the handlers of all layers call: handles a signal. In registry.cpp.
void on_signal(int layer, int signal, siginfo_t* info, void* context);

// What a signal did before a handler of ours was installed.
struct FormerAction {
  struct sigaction action;
  bool may_be_called;  // false: it may call our handler, which called it
  bool is_default() const noexcept;
  // Calls it, if it is a handler and may be called. It may leave by longjmp().
  void call(int signal, siginfo_t* info, void* context) const;
};

// The caller holds the registry's lock.

// Makes ours the handler of `signal`, for one more user. Returns false if the signal is ignored, and changes nothing
// then, unless `force_ignored`. Throws INVALID_ARGUMENT.
bool install_handler(int signal, bool force_ignored);
// Takes one user away. With the last one puts back what was there before, unless the handler in force is not ours.
void release_handler(int signal) noexcept;
// Takes all users of all signals away.
void release_all_handlers() noexcept;

// Signal handlers may call these.

// Whether a call of this layer's handler stands for a signal. It does not if a higher layer is in use: then it comes
// from a handler in between.
bool is_layer_active(int layer, int signal) noexcept;
// Whether the kernel itself calls this layer's handler.
bool is_layer_in_force(int layer, int signal) noexcept;
// What was there when the layer was installed. Only for layers that have been installed.
const FormerAction& former_action(int layer, int signal) noexcept;
// Ends the process as the signal does if nobody handles it. It does not return, but is not declared so: before a call of
// a function that is, AddressSanitizer's runtime allocates memory, whose lock the interrupted thread may hold.
void take_default_action(int signal) noexcept;
// Sets the default action of the signal, and lets the calling thread get it. Returns only if that does not end the
// process, as in the first one of a container.
void raise_by_default(int signal) noexcept;

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_SIGNALS_DISPOSITIONS_HPP_
