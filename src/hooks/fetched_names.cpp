#include "hooks/fetched_names.hpp"

#include <set>

#include "base/format.hpp"
#include "base/refuse.hpp"
#include "runhook/error.hpp"

namespace runhook::inline v1 {
namespace detail {

TagsAndNames tags_and_names(const std::vector<std::string>& names, const std::map<std::string, std::string>& tags) {
  if (!names.empty() && !tags.empty()) refuse("names and tags are given; one of them must do");
  TagsAndNames all(tags.begin(), tags.end());
  for (const std::string& name : names) all.emplace_back(name, name);
  std::set<std::string_view> seen;
  for (const auto& [tag, name] : all) {
    if (tag.empty() || name.empty()) refuse("a name to fetch, or its tag, is empty");
    if (!seen.insert(tag).second) refuse(fmt::format("'{}' is to be fetched twice", tag));
  }
  return all;
}

void check_names(SessionRunContext& context, const Fetches& fetches) {
  for (const std::string& name : fetches.leaves()) context.session().resolve(name);
}

Trigger every_n_secs(double seconds) {
  if (!(seconds >= 0)) refuse(fmt::format("invalid every_n_secs: {}", seconds));
  return seconds > 0 ? Trigger::every_seconds(seconds) : Trigger();
}

}  // namespace detail
}  // namespace runhook::inline v1
