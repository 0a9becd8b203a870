#include "session/step_code.hpp"

#include <algorithm>
#include <utility>

#include "base/format.hpp"
#include "base/known_names.hpp"
#include "runhook/error.hpp"

namespace runhook::inline v1 {
namespace detail {

StepCode::StepCode(Names outputs, Names inputs) : any_output_(outputs.any), any_input_(inputs.any) {
  names_.reserve(outputs.list.size() + inputs.list.size());
  declare(outputs, Use::output);
  declare(inputs, Use::input);
}

void StepCode::declare(Names& names, Use use) {
  for (std::string& text : names.list) {
    if (text.empty()) throw StatusError(StatusCode::invalid_argument, "name of an output or input is empty");
    if (find(text, Use::either) != kNone) {
      throw StatusError(StatusCode::already_exists, fmt::format("'{}' is declared twice", text));
    }
    names_.push_back({std::move(text), use});
  }
}

// `use` either: whatever it is used for.
std::size_t StepCode::find(std::string_view name, Use use) const noexcept {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const bool usable = use == Use::either || names_[i].use == Use::either || names_[i].use == use;
    if (usable && names_[i].text == name) return i;
  }
  return kNone;
}

std::size_t StepCode::find_or_add(std::string_view name, Use use) {
  if (const std::size_t known = find(name, use); known != kNone) return known;
  const bool possible = use == Use::either ? any_output_ || any_input_ : can_be(use);
  if (!possible || name.empty() || find(name, Use::either) != kNone) return kNone;
  const Use its_use = any_output_ && any_input_ ? Use::either : any_output_ ? Use::output : Use::input;
  names_.push_back({std::string(name), its_use});
  return names_.size() - 1;
}

NodeId StepCode::resolve(std::string_view name) {
  const std::size_t index = find_or_add(name, Use::either);
  if (index == kNone)
    throw StatusError(StatusCode::not_found,
                      fmt::format("'{}' is neither an output nor an input{}", name, known(name, Use::either)));
  return static_cast<NodeId>(index);
}

std::string StepCode::known(std::string_view name, Use use) const {
  std::vector<std::string_view> names;
  for (const Name& one : names_) {
    if (use == Use::either || one.use == Use::either || one.use == use) names.push_back(one.text);
  }
  return known_names(name, names);
}

void StepCode::check_feeds(const SessionStep& step) const {
  for (const ResolvedFeed& feed : step.feeds) {
    if (names_[feed.node].use == Use::output) {
      throw StatusError(StatusCode::invalid_argument,
                        fmt::format("'{}' is an output and cannot be fed; what can be fed is declared as an input",
                                    names_[feed.node].text));
    }
  }
}

void StepCode::give_inputs(SessionStep& step) const {
  for (std::size_t i = 0; i < step.fetches.size(); ++i) {
    for (const ResolvedFeed& feed : step.feeds) {
      if (feed.node == step.fetches[i]) step.results[i] = *feed.value;
    }
  }
}

void StepCode::check_published(const SessionStep& step) const {
  for (std::size_t i = 0; i < step.fetches.size(); ++i) {
    const Name& wanted = names_[step.fetches[i]];
    if (step.results[i] || wanted.use == Use::input || wanted.published_in == number_) continue;
    std::string published;
    for (const Name& name : names_) {
      if (name.published_in == number_) published += fmt::format("{}'{}'", published.empty() ? "" : ", ", name.text);
    }
    throw StatusError(StatusCode::not_found,
                      fmt::format("'{}' is fetched, but the step has not published it; it has published {}",
                                  wanted.text, published.empty() ? "nothing" : published));
  }
}

std::size_t StepCode::publish(std::string_view name) {
  const std::size_t index = find_or_add(name, Use::output);
  if (index == kNone) {
    throw StatusError(StatusCode::not_found, fmt::format("'{}' is not an output{}", name, known(name, Use::output)));
  }
  names_[index].published_in = number_;
  return index;
}

}  // namespace detail

}  // namespace runhook::inline v1
