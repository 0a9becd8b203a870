#include "runhook/run_args.hpp"

namespace runhook::inline v1 {

constinit const SessionRunArgs no_args;

}  // namespace runhook::inline v1
