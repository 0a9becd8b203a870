// runhook/fetches.hpp: what is asked of a session, and the results in the same shape.
#ifndef RUNHOOK_FETCHES_HPP_
#define RUNHOOK_FETCHES_HPP_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runhook/value.hpp"

namespace runhook::inline v1 {

// An immutable, possibly nested structure of names to fetch. Cheap to copy and to compare. Since 1.0.
//
// A path names a place in it: map keys and list indices joined by '/', e.g. "metrics/0". "" is the whole.
class Fetches {
 public:
  enum class Kind { absent, leaf, list, map };

  Fetches() noexcept = default;    // absent: nothing is wanted
  Fetches(std::string_view name);  // a leaf. Throws INVALID_ARGUMENT for an empty name
  Fetches(const char* name);       // a leaf. Throws INVALID_ARGUMENT for NULL or an empty name
  Fetches(const std::string& name) : Fetches(std::string_view(name)) {}
  // Containers keep their order. Both throw INVALID_ARGUMENT for an absent element; map() also for a key that is
  // repeated, empty or has a '/'.
  static Fetches list(std::vector<Fetches> elements);
  static Fetches map(std::vector<std::pair<std::string, Fetches>> elements);
  // A flat map whose keys may hold '/', as the C ABI makes it. Throws ALREADY_EXISTS for a repeated key.
  static Fetches keyed(std::span<const std::pair<std::string, std::string>> key_and_name);

  Kind kind() const noexcept;
  std::size_t size() const noexcept;                     // elements of a list or map; 0 otherwise
  Fetches element(std::size_t index) const;              // throws INVALID_ARGUMENT
  const std::string& key(std::size_t index) const;       // of a map. Throws INVALID_ARGUMENT
  std::span<const std::string> leaves() const noexcept;  // names, depth first
  Fetches at(std::string_view path) const;               // throws NOT_FOUND
  // Index into leaves() of the leaf at `path`, or npos. "" finds the only leaf.
  std::size_t find_leaf(std::string_view path) const noexcept;
  static constexpr std::size_t npos = static_cast<std::size_t>(-1);

  bool same_object(const Fetches& other) const noexcept { return node_ == other.node_; }
  bool operator==(const Fetches& other) const noexcept;

 private:
  struct Node;
  static Fetches from(std::shared_ptr<Node> node);
  std::shared_ptr<const Node> node_;
};

// Results in the shape of the Fetches that they are of. Filling the same object again needs no memory. Since 1.0.
class Results {
 public:
  const Fetches& structure() const noexcept { return structure_; }
  bool absent() const noexcept { return structure_.kind() == Fetches::Kind::absent; }
  std::span<const Value> leaves() const noexcept { return leaves_; }
  // The value at `path`; an absent Value for an operation without output. Throws NOT_FOUND.
  const Value& value(std::string_view path = {}) const;
  const Value* find(std::string_view path) const noexcept;  // NULL if there is no such leaf
  // The number at `path`. Throws as value() does; FAILED_PRECONDITION if it is no single number, or if the step was
  // skipped or has not published it.
  double to_double(std::string_view path = {}) const;
  std::int64_t to_int64(std::string_view path = {}) const;

  bool skipped() const noexcept { return skipped_; }      // a hook skipped the step: there are no values
  bool discarded() const noexcept { return discarded_; }  // a hook discarded the step's result

  // For sessions and the dispatcher.
  void reset(const Fetches& structure, bool skipped = false, bool discarded = false);
  void set_leaf(std::size_t index, Value value) noexcept { leaves_[index] = std::move(value); }
  void drop_values() noexcept;

 private:
  Fetches structure_;
  std::vector<Value> leaves_;
  bool skipped_ = false;
  bool discarded_ = false;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_FETCHES_HPP_
