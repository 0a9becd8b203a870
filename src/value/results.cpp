#include "base/format.hpp"
#include "base/known_names.hpp"
#include "runhook/error.hpp"
#include "runhook/fetches.hpp"
#include "value/result_number.hpp"

namespace runhook::inline v1 {

namespace detail {

namespace {

template <typename Number>
Number number_of(const Results& results, const Value& value, std::string_view name, Number (Value::*convert)() const) {
  if (!value) {
    const char* const why = results.skipped()     ? "a hook has skipped the step"
                            : results.discarded() ? "a hook has discarded the step's result"
                                                  : "it was fetched, but the step has not published it";
    throw StatusError(StatusCode::failed_precondition, fmt::format("'{}' has no value: {}", name, why));
  }
  try {
    return (value.*convert)();
  } catch (const StatusError& failure) {
    Error named = failure.error();
    if (!name.empty()) named.prepend(fmt::format("'{}': ", name));
    throw StatusError(named);
  }
}

}  // namespace

double result_double(const Results& results, const Value& value, std::string_view name) {
  return number_of(results, value, name, &Value::to_double);
}

std::int64_t result_int64(const Results& results, const Value& value, std::string_view name) {
  return number_of(results, value, name, &Value::to_int64);
}

}  // namespace detail

namespace {

constexpr const char* kHowToFetch =
    "nothing was fetched, which is asked for by add_fetch() in before_run, or in the "
    "args of the run";

// The path of a result, or the name of the only one.
std::string_view name_at(const Results& results, std::string_view path) noexcept {
  const auto leaves = results.structure().leaves();
  return path.empty() && leaves.size() == 1 ? std::string_view(leaves[0]) : path;
}

}  // namespace

const Value* Results::find(std::string_view path) const noexcept {
  const std::size_t index = structure_.find_leaf(path);
  return index < leaves_.size() ? &leaves_[index] : nullptr;
}

const Value& Results::value(std::string_view path) const {
  if (const Value* found = find(path)) return *found;
  std::string text = path.empty() ? fmt::format("there are {} results, not one", leaves_.size())
                                  : fmt::format("there is no result at '{}'", path);
  if (leaves_.empty()) {
    text += fmt::format(": {}", kHowToFetch);
  } else if (!path.empty() && structure_.kind() == Fetches::Kind::map) {
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < structure_.size(); ++i) keys.push_back(structure_.key(i));
    text += detail::known_names(path, keys);
  }
  throw StatusError(StatusCode::not_found, text);
}

double Results::to_double(std::string_view path) const {
  return detail::result_double(*this, value(path), name_at(*this, path));
}

std::int64_t Results::to_int64(std::string_view path) const {
  return detail::result_int64(*this, value(path), name_at(*this, path));
}

void Results::reset(const Fetches& structure, bool skipped, bool discarded) {
  const std::size_t count = structure.leaves().size();
  drop_values();
  leaves_.resize(count);
  if (!structure_.same_object(structure)) structure_ = structure;
  skipped_ = skipped;
  discarded_ = discarded;
}

void Results::drop_values() noexcept {
  for (Value& leaf : leaves_) leaf.reset();
}

}  // namespace runhook::inline v1
