#include "base/terminal.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "core/hooks/terminal_rig.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;

class RedrawnLine : public testing::Test {
 protected:
  const int known_kind = setenv("TERM", "xterm", 1);  // before the line looks at it
  std::condition_variable display;
  const Terminal terminal;
  detail::RedrawnLine line{terminal.writer, display};
};

TEST_F(RedrawnLine, BelongsToOneAtATime) {
  detail::RedrawnLine second(terminal.writer, display);
  EXPECT_TRUE(line.take());
  EXPECT_FALSE(second.take());
  EXPECT_TRUE(line.take()) << "which is its own already";
  const Terminal other;
  EXPECT_TRUE(detail::RedrawnLine(other.writer, display).take());
  line.give_back();
  EXPECT_TRUE(second.take());
}

TEST_F(RedrawnLine, IsOfATerminalThatIsNotDumb) {
  const Pipe pipe;
  EXPECT_FALSE(detail::RedrawnLine(pipe.writer, display).on_terminal());
  EXPECT_FALSE(detail::RedrawnLine(pipe.writer, display).take());
  EXPECT_FALSE(detail::RedrawnLine(-1, display).take());
  setenv("TERM", "dumb", 1);
  EXPECT_FALSE(detail::RedrawnLine(terminal.writer, display).take());
}

TEST_F(RedrawnLine, IsToldOnceThatItWasOverwritten) {
  detail::wake_display(terminal.writer);
  EXPECT_TRUE(line.take());
  EXPECT_FALSE(line.overwritten()) << "that was before";
  const Terminal other;
  detail::wake_display(other.writer);
  EXPECT_FALSE(line.overwritten());
  detail::wake_display(terminal.writer);
  EXPECT_TRUE(line.overwritten());
  EXPECT_FALSE(line.overwritten());
}

TEST_F(RedrawnLine, OfAParentIsNotItsChilds) {
  EXPECT_TRUE(line.take());
  const pid_t child = fork();
  if (child == 0) {
    detail::wake_display(terminal.writer);
    const bool mine = detail::RedrawnLine(terminal.writer, display).take();
    line.give_back();
    const bool still_not = detail::RedrawnLine(terminal.writer, display).take();
    _exit(mine || still_not || line.overwritten() ? 1 : 0);
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
