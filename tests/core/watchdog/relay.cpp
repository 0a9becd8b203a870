#include "relay.hpp"

namespace {

__attribute__((noinline)) void hidden_relay_of_the_library(void (*function)()) {
  function();
  asm volatile("" ::: "memory");  // so that this is no tail call
}

}  // namespace

void runhook_test::relayed(void (*function)()) {
  hidden_relay_of_the_library(function);
  asm volatile("" ::: "memory");
}
