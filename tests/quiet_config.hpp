// Configs of the C ABI for tests: nothing is logged, nobody waits.
#ifndef RUNHOOK_TESTS_QUIET_CONFIG_HPP_
#define RUNHOOK_TESTS_QUIET_CONFIG_HPP_

#include "runhook/config.h"

namespace runhook_test {

inline void quieten(runhook_config* config) {
  runhook_log quiet = RUNHOOK_LOG_INIT;
  quiet.write = [](const runhook_log_record*, void*) {};
  runhook_config_set_log(config, &quiet, nullptr);
}

inline void recover_at_once(runhook_config* config) {
  runhook_recovery_policy policy = RUNHOOK_RECOVERY_POLICY_INIT;
  policy.initial_backoff_ns = -1;
  runhook_config_set_recovery(config, &policy, nullptr);
}

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_QUIET_CONFIG_HPP_
