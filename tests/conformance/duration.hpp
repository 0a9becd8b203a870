// Durations in nanoseconds, as the C ABI takes them.
#ifndef RUNHOOK_TESTS_CONFORMANCE_DURATION_HPP_
#define RUNHOOK_TESTS_CONFORMANCE_DURATION_HPP_

#include <cstdint>

namespace conformance {

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kSecond = 1'000 * kMillisecond;

}  // namespace conformance

#endif  // RUNHOOK_TESTS_CONFORMANCE_DURATION_HPP_
