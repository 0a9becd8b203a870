#include "runhook/snapshot.hpp"

#include <cstring>
#include <mutex>

#include "base/find_named.hpp"
#include "base/format.hpp"
#include "base/known_names.hpp"
#include "base/refuse.hpp"
#include "runhook/session.hpp"
#include "session/session_variables.hpp"
#include "value/tensor_text.hpp"

namespace runhook::inline v1 {

namespace {

using detail::find_named;

template <typename Pairs, typename T>
void set_in(Pairs& pairs, std::string_view name, T value) {
  if (name.empty()) detail::refuse("what is saved has an empty name");
  if (auto* const found = find_named(pairs, name)) {
    *found = std::move(value);
  } else {
    pairs.emplace_back(name, std::move(value));
  }
}

}  // namespace

const Value* Snapshot::find(std::string_view name) const noexcept { return find_named(variables, name); }
const std::string* Snapshot::find_state(std::string_view name) const noexcept { return find_named(state, name); }
void Snapshot::set_state(std::string_view name, std::string bytes) { set_in(state, name, std::move(bytes)); }
void Snapshot::set_metric(std::string_view name, double number) { set_in(metrics, name, number); }

void Snapshot::set(std::string_view name, Value value) { set_in(variables, name, std::move(value)); }

void Snapshot::set(std::string_view name, DType dtype, std::span<const std::int64_t> shape, const void* data) {
  set(name, Value::copy_of(dtype, shape, data));
}

void Snapshot::copy_to(std::string_view name, DType dtype, std::size_t element_count, void* data) const {
  const Value* const value = find(name);
  if (value == nullptr) {
    std::vector<std::string_view> names;
    for (const auto& variable : variables) names.emplace_back(variable.first);
    detail::fail(StatusCode::not_found, fmt::format("step {} was saved without a variable '{}'{}", global_step, name,
                                                    detail::known_names(name, names)));
  }
  const auto count = static_cast<std::size_t>(value->element_count());
  if (value->kind() != ValueKind::tensor || value->dtype() != dtype || count != element_count) {
    detail::refuse(fmt::format("variable '{}' was saved as {}, and is wanted as {} elements of {}", name,
                               detail::describe_value(*value), element_count, detail::dtype_name(dtype)));
  }
  const Value in_order = value->is_contiguous() ? *value : value->clone();
  if (in_order.byte_size() > 0) std::memcpy(data, in_order.data(), in_order.byte_size());
}

struct MemorySaver::Kept {
  std::mutex mutex;
  std::optional<Snapshot> latest;
  std::int64_t saves = 0;
};

MemorySaver::MemorySaver() : kept_(std::make_unique<Kept>()) {}

MemorySaver::~MemorySaver() = default;

void MemorySaver::save(Session& session, const Snapshot& run) {
  // Made outside of the lock, so that readers wait for a swap only.
  std::optional<Snapshot> state(Snapshot{run.global_step, detail::copy_variables(session), run.state, run.metrics});
  const std::lock_guard lock(kept_->mutex);
  kept_->latest.swap(state);
  ++kept_->saves;
}

std::optional<Snapshot> MemorySaver::restore(Session& session) {
  std::optional<Snapshot> state = latest();
  if (!state) return std::nullopt;
  restore_variables(session, *state);
  state->variables.clear();
  return state;
}

std::optional<Snapshot> MemorySaver::latest() const {
  const std::lock_guard lock(kept_->mutex);
  return kept_->latest;
}

std::int64_t MemorySaver::save_count() const {
  const std::lock_guard lock(kept_->mutex);
  return kept_->saves;
}

}  // namespace runhook::inline v1
