// What happened in which order, as lines such as "A.before" or "raw1.run".
#ifndef RUNHOOK_TESTS_CONFORMANCE_TRACE_HPP_
#define RUNHOOK_TESTS_CONFORMANCE_TRACE_HPP_

#include <string>
#include <vector>

namespace conformance {

using Trace = std::vector<std::string>;

// The entries that end with `suffix`, e.g. ".before".
inline Trace only(const Trace& trace, const std::string& suffix) {
  Trace kept;
  for (const std::string& entry : trace) {
    if (entry.size() >= suffix.size() && entry.compare(entry.size() - suffix.size(), suffix.size(), suffix) == 0)
      kept.push_back(entry);
  }
  return kept;
}

// What `name` did, without its name.
inline Trace of(const Trace& trace, const std::string& name) {
  Trace kept;
  for (const std::string& entry : trace) {
    if (entry.rfind(name + ".", 0) == 0) kept.push_back(entry.substr(name.size() + 1));
  }
  return kept;
}

}  // namespace conformance

#endif  // RUNHOOK_TESTS_CONFORMANCE_TRACE_HPP_
