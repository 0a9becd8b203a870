// thread_stack.hpp: the native stack of another thread.
#ifndef RUNHOOK_SRC_WATCHDOG_THREAD_STACK_HPP_
#define RUNHOOK_SRC_WATCHDOG_THREAD_STACK_HPP_

#include <cstdint>
#include <string>
#include <vector>

namespace runhook::inline v1 {
namespace detail {

// As long as it exists, there is a handler of `signal` by which a thread reports its stack. Several may exist.
class ThreadStacks {
 public:
  explicit ThreadStacks(int signal);  // throws INVALID_ARGUMENT if the signal cannot be handled
  ~ThreadStacks();
  ThreadStacks(const ThreadStacks&) = delete;
  ThreadStacks& operator=(const ThreadStacks&) = delete;

  // Addresses, innermost call first. Waits for a second at most; empty if the thread does not answer.
  std::vector<void*> of(std::int32_t thread) const noexcept;

 private:
  const int signal_;
};

// One line for each address: the function if it is known, and the place in the file that holds it.
std::vector<std::string> describe_stack(const std::vector<void*>& addresses);
// A line for a shell for each file with functions that the program does not export, by which addr2line names them.
std::vector<std::string> lookup_commands(const std::vector<void*>& addresses);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_WATCHDOG_THREAD_STACK_HPP_
