// Texts that are made to hurt a parser, what reading one may cost, and small random damages.
#ifndef RUNHOOK_TESTS_CORE_CHECKPOINT_HOSTILE_INPUT_HPP_
#define RUNHOOK_TESTS_CORE_CHECKPOINT_HOSTILE_INPUT_HPP_

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <ctime>
#include <functional>
#include <random>
#include <string>
#include <string_view>

#include "runhook/error.hpp"
#include "sanitizer.hpp"

namespace runhook_test {

// The text so often that there are at least so many bytes, with what is between two of them.
inline std::string repeated(std::string_view text, std::size_t bytes, std::string_view between = {}) {
  std::string all(text);
  while (all.size() < bytes) (all += between) += text;
  return all;
}

struct Cost {
  bool is_refused = false;
  double seconds = 0;     // of the processor
  std::size_t bytes = 0;  // of memory that were needed at a time
};

// In a process of its own, so that its memory is not what others have needed before.
inline Cost cost_of_refusing(const std::function<void()>& read) {
  int ends[2];
  if (pipe(ends) != 0) return {};
  const pid_t child = fork();
  if (child == 0) {
    Cost cost;
    const auto most_kib = [] {
      struct rusage usage {};
      getrusage(RUSAGE_SELF, &usage);
      return static_cast<std::size_t>(usage.ru_maxrss);
    };
    const std::size_t kib_before = most_kib();
    const std::clock_t begin = std::clock();
    try {
      read();
    } catch (const runhook::StatusError& error) {
      cost.is_refused = error.code() == runhook::StatusCode::data_loss;
    }
    cost.seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    cost.bytes = (most_kib() - kib_before) * 1024;
    _exit(write(ends[1], &cost, sizeof cost) == static_cast<ssize_t>(sizeof cost) ? 0 : 1);
  }
  close(ends[1]);
  Cost cost;
  if (::read(ends[0], &cost, sizeof cost) != static_cast<ssize_t>(sizeof cost)) cost = {};
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return cost;
}

// What is kept of what was freed, and what is looked at on the way, are no matter of the reader.
inline constexpr bool kIsSanitized = kIsAddressSanitized || kIsThreadSanitized;

inline testing::AssertionResult is_cheap(const Cost& cost) {
  constexpr std::size_t kMostBytes = std::size_t{kIsSanitized ? 512 : 64} << 20;
  constexpr double kMostSeconds = kIsSanitized ? 10 : 1;
  if (cost.is_refused && cost.seconds < kMostSeconds && cost.bytes < kMostBytes) return testing::AssertionSuccess();
  return testing::AssertionFailure() << (cost.is_refused ? "refused" : "not refused") << " after " << cost.seconds
                                     << " s with " << cost.bytes << " bytes";
}

// Changes a text in a few places, most of which are such that it stays nearly what it was.
inline std::string mutated(std::string text, std::mt19937_64& random) {
  constexpr std::string_view kTelling = "{}[]\",:0123456789-.eE \\\n\xFF";
  const auto below = [&](std::size_t end) { return static_cast<std::size_t>(random() % end); };
  for (std::size_t changes = 1 + below(4); changes > 0; --changes) {
    const std::size_t at = below(text.size() + 1);
    const std::size_t length = below(12);
    const std::size_t from = below(text.size() + 1);
    switch (below(6)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
        break;
      case 1:
        if (at < text.size()) text[at] = kTelling[below(kTelling.size())];
        break;
      case 2:
        text.insert(at, 1, kTelling[below(kTelling.size())]);
        break;
      case 3:
        text.erase(at, length);
        break;
      case 4:
        text.insert(at, text.substr(from, length * 4));
        break;
      case 5:
        text.insert(at, "18446744073709551616");
        break;
    }
  }
  return text;
}

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_CORE_CHECKPOINT_HOSTILE_INPUT_HPP_
