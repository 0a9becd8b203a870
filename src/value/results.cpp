
#include "base/format.hpp"
#include "runhook/error.hpp"
#include "runhook/fetches.hpp"

namespace runhook::inline v1 {

const Value* Results::find(std::string_view path) const noexcept {
  const std::size_t index = structure_.find_leaf(path);
  return index < leaves_.size() ? &leaves_[index] : nullptr;
}

const Value& Results::value(std::string_view path) const {
  if (const Value* found = find(path)) return *found;
  throw StatusError(StatusCode::not_found, path.empty() ? fmt::format("there are {} results, not one", leaves_.size())
                                                        : fmt::format("there is no result at '{}'", path));
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
