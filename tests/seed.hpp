// The seed of what a test draws at random, and how much that is.
#ifndef RUNHOOK_TESTS_SEED_HPP_
#define RUNHOOK_TESTS_SEED_HPP_

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>

namespace runhook_test {

// A new one each time, which is printed, or that of RUNHOOK_TEST_SEED, which repeats a test.
inline std::uint64_t test_seed() {
  const char* const given = std::getenv("RUNHOOK_TEST_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::cout << "RUNHOOK_TEST_SEED=" << seed << '\n';
  return seed;
}

// How many times a test does something: what the environment says, or else `usually`.
inline std::size_t times_to_try(const char* variable, std::size_t usually) {
  const char* const given = std::getenv(variable);
  return given != nullptr ? std::strtoull(given, nullptr, 10) : usually;
}

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_SEED_HPP_
