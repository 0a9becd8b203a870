// With which sanitizer the tests are compiled. GCC tells it by a macro, Clang by a feature.
#ifndef RUNHOOK_TESTS_SANITIZER_HPP_
#define RUNHOOK_TESTS_SANITIZER_HPP_

#if defined(__has_feature)
#define RUNHOOK_HAS_FEATURE(feature) __has_feature(feature)
#else
#define RUNHOOK_HAS_FEATURE(feature) 0
#endif

namespace runhook_test {

#if defined(__SANITIZE_THREAD__) || RUNHOOK_HAS_FEATURE(thread_sanitizer)
inline constexpr bool kIsThreadSanitized = true;
#else
inline constexpr bool kIsThreadSanitized = false;
#endif

#if defined(__SANITIZE_ADDRESS__) || RUNHOOK_HAS_FEATURE(address_sanitizer)
inline constexpr bool kIsAddressSanitized = true;
#else
inline constexpr bool kIsAddressSanitized = false;
#endif

}  // namespace runhook_test

#undef RUNHOOK_HAS_FEATURE

#endif  // RUNHOOK_TESTS_SANITIZER_HPP_
