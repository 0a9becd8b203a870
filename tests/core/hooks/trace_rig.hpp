// A directory of traces, and what is in them.
#ifndef RUNHOOK_TESTS_CORE_HOOKS_TRACE_RIG_HPP_
#define RUNHOOK_TESTS_CORE_HOOKS_TRACE_RIG_HPP_

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "folder.hpp"

namespace runhook_test {

// Gone with what is in it when this ends.
class TraceDirectory {
 public:
  const std::string& path() const noexcept { return folder_.path(); }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path())) {
      if (entry.is_regular_file()) names.push_back(entry.path().lexically_relative(path()).string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  nlohmann::json read(const std::string& name) const {
    return nlohmann::json::parse(std::ifstream(folder_.file(name)));
  }

 private:
  const Folder folder_;
};

inline std::vector<nlohmann::json> events(const nlohmann::json& trace, const std::string& phase) {
  std::vector<nlohmann::json> found;
  for (const nlohmann::json& event : trace.at("traceEvents")) {
    if (event.at("ph") == phase) found.push_back(event);
  }
  return found;
}

// The names of the complete events, in order.
inline std::vector<std::string> titles(const nlohmann::json& trace) {
  std::vector<std::string> names;
  for (const nlohmann::json& event : events(trace, "X")) names.push_back(event.at("name"));
  return names;
}

// Nanoseconds of a time in microseconds.
inline std::int64_t ns_of(const nlohmann::json& us) { return std::llround(us.get<double>() * 1000); }

// Of each track every two events lie apart or one within the other, as viewers want it.
inline void expect_nesting(const nlohmann::json& trace) {
  struct Interval {
    std::int64_t begin;
    std::int64_t end;
    std::string name;
  };
  std::map<std::int64_t, std::vector<Interval>> tracks;
  for (const nlohmann::json& event : events(trace, "X")) {
    const std::int64_t begin = ns_of(event.at("ts"));
    EXPECT_GE(event.at("dur").get<double>(), 0) << event;
    tracks[event.at("tid").get<std::int64_t>()].push_back({begin, begin + ns_of(event.at("dur")), event.at("name")});
  }
  for (auto& [track, intervals] : tracks) {
    std::stable_sort(intervals.begin(), intervals.end(), [](const Interval& a, const Interval& b) {
      return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
    });
    std::vector<Interval> open;
    for (const Interval& interval : intervals) {
      while (!open.empty() && open.back().end <= interval.begin) open.pop_back();
      if (!open.empty()) {
        EXPECT_LE(interval.end, open.back().end) << interval.name << " leaves " << open.back().name;
      }
      open.push_back(interval);
    }
  }
}

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_CORE_HOOKS_TRACE_RIG_HPP_
