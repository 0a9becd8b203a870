// How a body in a test, which knows no `ok`, answers through the callback that calls it.
#ifndef RUNHOOK_TESTS_ANSWER_HPP_
#define RUNHOOK_TESTS_ANSWER_HPP_

#include <cstdint>

namespace runhook_test {

// What a body says when it has succeeded. The library never takes it: no call's `ok` is as small.
inline constexpr std::int32_t kOk = 0x600D;

// What the callback returns for what its body has said; anything but kOk goes on as it is.
constexpr std::int32_t answer(std::int32_t said, std::int32_t ok) noexcept { return said == kOk ? ok : said; }

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_ANSWER_HPP_
