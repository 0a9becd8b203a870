// A pseudo-terminal, and what would be seen on it.
#ifndef RUNHOOK_TESTS_CORE_HOOKS_TERMINAL_RIG_HPP_
#define RUNHOOK_TESTS_CORE_HOOKS_TERMINAL_RIG_HPP_

#include <gtest/gtest.h>
#include <pty.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "ends.hpp"
#include "folder.hpp"

namespace runhook_test {

// A bare root, as debootstrap makes it, has no pseudo-terminals; they are mounted then, for this process alone.
inline bool open_terminal(int& reader, int& writer, const struct winsize& size) {
  if (openpty(&reader, &writer, nullptr, nullptr, &size) == 0) return true;
  if (unshare(CLONE_NEWNS) != 0) return false;
  mount(nullptr, "/dev", nullptr, MS_PRIVATE, nullptr);  // if it is a mount of its own
  return mount("devpts", "/dev/pts", "devpts", 0, "newinstance,ptmxmode=0666") == 0 &&
         openpty(&reader, &writer, nullptr, nullptr, &size) == 0;
}

struct Terminal : Ends {
  explicit Terminal(unsigned short columns = 100) {
    struct winsize size {
      24, columns, 0, 0
    };
    EXPECT_TRUE(open_terminal(reader, writer, size)) << "there are no pseudo-terminals";
  }
};

// The lines that a terminal shows that was sent `bytes`: it knows CR, LF and "erase to the end of the line". Anything
// else that is not a character fails the test.
inline std::vector<std::string> screen(std::string_view bytes) {
  constexpr std::string_view kErase = "\033[K";
  std::vector<std::string> rows(1);
  std::size_t column = 0;
  while (!bytes.empty()) {
    std::string& row = rows.back();
    if (bytes.starts_with(kErase)) {
      row.resize(std::min(row.size(), column));
      bytes.remove_prefix(kErase.size());
      continue;
    }
    const char c = bytes.front();
    bytes.remove_prefix(1);
    if (c == '\r') {
      column = 0;
    } else if (c == '\n') {
      rows.emplace_back();
    } else {
      EXPECT_GE(static_cast<unsigned char>(c), 0x20) << "a control character";
      if (row.size() <= column) row.resize(column + 1, ' ');
      row[column++] = c;
    }
  }
  return rows;
}

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_CORE_HOOKS_TERMINAL_RIG_HPP_
