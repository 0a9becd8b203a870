// What this process is: for what a run leaves behind.
#ifndef RUNHOOK_SRC_OUTPUT_PROCESS_FACTS_HPP_
#define RUNHOOK_SRC_OUTPUT_PROCESS_FACTS_HPP_

#include <cstdint>
#include <string>
#include <vector>

namespace runhook::inline v1 {
namespace detail {

// What the system does not tell is empty.
struct ProcessFacts {
  std::vector<std::string> command;  // the program as it was called, and its arguments
  std::string host;
  std::int64_t pid = 0;
  std::string working_directory;
};

ProcessFacts process_facts();
std::string host_name();  // empty if the system does not tell it

// The words as one line for a shell, each in quotes if it needs them.
std::string shell_quoted(const std::vector<std::string>& words);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_OUTPUT_PROCESS_FACTS_HPP_
