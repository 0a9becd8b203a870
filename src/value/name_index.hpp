// name_index.hpp: which place a name has in a list of names.
#ifndef RUNHOOK_SRC_VALUE_NAME_INDEX_HPP_
#define RUNHOOK_SRC_VALUE_NAME_INDEX_HPP_

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace runhook::inline v1 {
namespace detail {

// Found at once as long as names come in the order in which they came before.
class NameIndex {
 public:
  NameIndex() = default;
  NameIndex(NameIndex&&) = default;
  NameIndex& operator=(NameIndex&&) = default;  // the keys stay where they are
  std::optional<std::size_t> find(std::string_view name) noexcept {
    std::size_t index = expected_;
    if (index >= names_.size() || *names_[index] != name) {
      const auto known = index_.find(name);
      if (known == index_.end()) return std::nullopt;
      index = known->second;
    }
    expected_ = index + 1 < names_.size() ? index + 1 : 0;
    return index;
  }
  bool has(std::string_view name) const noexcept { return index_.find(name) != index_.end(); }
  // Adds a name that is not there, as the last one. Throws std::bad_alloc, and nothing has been added.
  void add(std::string_view name) {
    names_.push_back(nullptr);
    try {
      names_.back() = &index_.emplace(name, names_.size() - 1).first->first;
    } catch (...) {
      names_.pop_back();
      throw;
    }
    expected_ = 0;
  }
  const std::string& name(std::size_t index) const noexcept { return *names_[index]; }
  std::size_t size() const noexcept { return names_.size(); }

 private:
  std::map<std::string, std::size_t, std::less<>> index_;
  std::vector<const std::string*> names_;  // the keys
  std::size_t expected_ = 0;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_VALUE_NAME_INDEX_HPP_
