#include "runhook/fetches.hpp"

#include <algorithm>
#include <charconv>

#include "base/format.hpp"
#include "base/refuse.hpp"
#include "runhook/error.hpp"

namespace runhook::inline v1 {

struct Fetches::Node {
  Kind kind = Kind::leaf;
  std::vector<std::string> leaves;  // depth first
  std::vector<std::string> keys;    // of a map
  std::vector<Fetches> elements;    // empty for `keyed`, whose elements are its leaves

  bool flat() const noexcept { return kind == Kind::map && elements.size() != keys.size(); }
  std::size_t size() const noexcept { return kind == Kind::map ? keys.size() : elements.size(); }
  std::size_t leaves_of(std::size_t index) const noexcept { return flat() ? 1 : elements[index].leaves().size(); }
};

namespace {

using detail::fail;

// If the first part of `path`, or all of it, is `name`, removes it.
bool take_prefix(std::string_view& path, std::string_view name) noexcept {
  if (!path.starts_with(name)) return false;
  if (path.size() == name.size()) {
    path = {};
    return true;
  }
  if (path[name.size()] != '/') return false;
  path.remove_prefix(name.size() + 1);
  return !path.empty();  // "name/" names nothing
}

// The same for an index in its shortest decimal form.
bool take_index(std::string_view& path, std::size_t index) noexcept {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, index).ptr;
  return take_prefix(path, std::string_view(digits, static_cast<std::size_t>(end - digits)));
}

}  // namespace

Fetches Fetches::from(std::shared_ptr<Node> node) {
  Fetches fetches;
  fetches.node_ = std::move(node);
  return fetches;
}

Fetches::Fetches(std::string_view name) {
  if (name.empty()) fail(StatusCode::invalid_argument, "name to fetch is empty");
  auto node = std::make_shared<Node>();
  node->leaves.emplace_back(name);
  node_ = std::move(node);
}

Fetches::Fetches(const char* name) : Fetches(name == nullptr ? std::string_view() : std::string_view(name)) {}

Fetches Fetches::list(std::vector<Fetches> elements) {
  auto node = std::make_shared<Node>();
  node->kind = Kind::list;
  for (const Fetches& element : elements) {
    if (element.kind() == Kind::absent) fail(StatusCode::invalid_argument, "element of a list to fetch is absent");
    node->leaves.insert(node->leaves.end(), element.leaves().begin(), element.leaves().end());
  }
  node->elements = std::move(elements);
  return from(std::move(node));
}

Fetches Fetches::map(std::vector<std::pair<std::string, Fetches>> elements) {
  auto node = std::make_shared<Node>();
  node->kind = Kind::map;
  node->keys.reserve(elements.size());
  node->elements.reserve(elements.size());
  for (auto& [key, element] : elements) {
    if (key.empty()) fail(StatusCode::invalid_argument, "key of a map to fetch is empty");
    if (key.find('/') != std::string::npos) {
      fail(StatusCode::invalid_argument, fmt::format("key '{}' of a map to fetch holds '/'", key));
    }
    if (std::find(node->keys.begin(), node->keys.end(), key) != node->keys.end()) {
      fail(StatusCode::invalid_argument, fmt::format("key '{}' of a map to fetch is repeated", key));
    }
    if (element.kind() == Kind::absent) {
      fail(StatusCode::invalid_argument, fmt::format("element '{}' of a map to fetch is absent", key));
    }
    node->leaves.insert(node->leaves.end(), element.leaves().begin(), element.leaves().end());
    node->keys.push_back(std::move(key));
    node->elements.push_back(std::move(element));
  }
  return from(std::move(node));
}

Fetches Fetches::keyed(std::span<const std::pair<std::string, std::string>> key_and_name) {
  auto node = std::make_shared<Node>();
  node->kind = Kind::map;
  node->keys.reserve(key_and_name.size());
  node->leaves.reserve(key_and_name.size());
  for (const auto& [key, name] : key_and_name) {
    if (key.empty()) fail(StatusCode::invalid_argument, "key of a fetch is empty");
    if (name.empty()) fail(StatusCode::invalid_argument, fmt::format("name to fetch as '{}' is empty", key));
    if (std::find(node->keys.begin(), node->keys.end(), key) != node->keys.end()) {
      fail(StatusCode::already_exists, fmt::format("key '{}' is fetched twice", key));
    }
    node->keys.push_back(key);
    node->leaves.push_back(name);
  }
  return from(std::move(node));
}

Fetches::Kind Fetches::kind() const noexcept { return node_ ? node_->kind : Kind::absent; }
std::size_t Fetches::size() const noexcept { return node_ ? node_->size() : 0; }

Fetches Fetches::element(std::size_t index) const {
  if (index >= size()) {
    fail(StatusCode::invalid_argument, fmt::format("there is no element {}: the fetches have {}", index, size()));
  }
  return node_->flat() ? Fetches(node_->leaves[index]) : node_->elements[index];
}

const std::string& Fetches::key(std::size_t index) const {
  if (kind() != Kind::map || index >= size()) {
    fail(StatusCode::invalid_argument, fmt::format("there is no key {}", index));
  }
  return node_->keys[index];
}

std::span<const std::string> Fetches::leaves() const noexcept {
  if (!node_) return {};
  return node_->leaves;
}

Fetches Fetches::at(std::string_view path) const {
  if (path.empty()) return *this;
  const auto walk = [](const auto& self, const Fetches& fetches, std::string_view rest) -> Fetches {
    if (rest.empty()) return fetches;
    for (std::size_t i = 0; i < fetches.size(); ++i) {
      std::string_view below = rest;
      const bool here = fetches.kind() == Kind::map ? take_prefix(below, fetches.node_->keys[i]) : take_index(below, i);
      if (!here) continue;
      if (Fetches found = self(self, fetches.element(i), below); found.node_) return found;
    }
    return {};
  };
  Fetches found = walk(walk, *this, path);
  if (!found.node_) fail(StatusCode::not_found, fmt::format("nothing is fetched at '{}'", path));
  return found;
}

std::size_t Fetches::find_leaf(std::string_view path) const noexcept {
  if (!node_) return npos;
  if (path.empty()) return node_->leaves.size() == 1 ? 0 : npos;
  std::size_t offset = 0;
  for (std::size_t i = 0; i < node_->size(); ++i) {
    std::string_view below = path;
    const bool here = node_->kind == Kind::map ? take_prefix(below, node_->keys[i]) : take_index(below, i);
    if (here && below.empty()) {
      if (node_->leaves_of(i) == 1) return offset;
    } else if (here && !node_->flat()) {
      const std::size_t inner = node_->elements[i].find_leaf(below);
      if (inner != npos) return offset + inner;
    }
    offset += node_->leaves_of(i);
  }
  return npos;
}

bool Fetches::operator==(const Fetches& other) const noexcept {
  if (node_ == other.node_) return true;
  if (kind() != other.kind() || size() != other.size() || !std::ranges::equal(leaves(), other.leaves())) return false;
  if (node_->keys != other.node_->keys) return false;
  if (!node_->flat() && !other.node_->flat()) return node_->elements == other.node_->elements;
  // A flat map equals an ordinary one whose elements are leaves.
  const auto only_leaves = [](const Node& node) {
    return std::ranges::all_of(node.elements, [](const Fetches& x) { return x.kind() == Kind::leaf; });
  };
  return only_leaves(*node_) && only_leaves(*other.node_);
}

}  // namespace runhook::inline v1
