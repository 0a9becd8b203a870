// A library that calls back through a function that it does not export.
#ifndef RUNHOOK_TESTS_CORE_WATCHDOG_RELAY_HPP_
#define RUNHOOK_TESTS_CORE_WATCHDOG_RELAY_HPP_

namespace runhook_test {

__attribute__((visibility("default"))) void relayed(void (*function)());

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_CORE_WATCHDOG_RELAY_HPP_
