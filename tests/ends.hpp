// A pipe to write to.
#ifndef RUNHOOK_TESTS_ENDS_HPP_
#define RUNHOOK_TESTS_ENDS_HPP_

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>

namespace runhook_test {

// Two descriptors: what is written to the one can be read from the other.
struct Ends {
  Ends() = default;
  ~Ends() {
    close_reader();
    if (writer >= 0) close(writer);
  }
  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;
  void close_reader() {
    if (reader >= 0) close(reader);
    reader = -1;
  }
  // What there is to read now.
  std::string read_all() {
    for (;;) {
      struct pollfd ready {
        reader, POLLIN, 0
      };
      std::array<char, 4096> buffer{};
      if (poll(&ready, 1, 0) <= 0 || (ready.revents & POLLIN) == 0) return seen;
      const ssize_t count = read(reader, buffer.data(), buffer.size());
      if (count <= 0) return seen;
      seen.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }
  // Waits until `text` has been read; a long while, since the machine may be busy.
  testing::AssertionResult await(std::string_view text) {
    using namespace std::chrono_literals;
    for (const auto end = std::chrono::steady_clock::now() + 30s; std::chrono::steady_clock::now() < end;) {
      if (read_all().find(text) != std::string::npos) return testing::AssertionSuccess();
      std::this_thread::sleep_for(2ms);
    }
    return testing::AssertionFailure() << "'" << text << "' is not in what ends with: "
                                       << seen.substr(seen.size() - std::min<std::size_t>(seen.size(), 500));
  }
  int reader = -1;
  int writer = -1;
  std::string seen;
};

struct Pipe : Ends {
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe(ends.data()), 0);
    reader = ends[0];
    writer = ends[1];
  }
};

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_ENDS_HPP_
