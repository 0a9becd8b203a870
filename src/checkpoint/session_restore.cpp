#include "checkpoint/session_restore.hpp"

#include <algorithm>
#include <cstddef>

#include "base/format.hpp"
#include "base/refuse.hpp"
#include "checkpoint/stored_form.hpp"
#include "runhook/error.hpp"
#include "session/session_variables.hpp"
#include "value/tensor_text.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

// Nothing if it has none yet.
Value present_value(Session& session, const std::string& name) {
  try {
    return session.read_variable(name);
  } catch (const StatusError& error) {
    if (error.code() != StatusCode::failed_precondition) throw;
    return {};
  }
}

// Empty if the variable can take the value, as far as can be told without writing it.
std::string difference(const std::string& name, const Value& here, const Value& saved) {
  if (!here) return {};
  const bool same_kind = here.kind() == saved.kind();
  const bool same_tensor = here.kind() != ValueKind::tensor ||
                           (here.dtype() == saved.dtype() && std::ranges::equal(here.shape(), saved.shape()));
  if (same_kind && same_tensor) return {};
  return fmt::format("variable '{}' is {} here, and {} there", name, describe_value(here), describe_value(saved));
}

std::size_t first_difference(std::string_view here, std::string_view saved) noexcept {
  const auto size = std::min(here.size(), saved.size());
  return static_cast<std::size_t>(std::mismatch(here.begin(), here.begin() + size, saved.begin()).first - here.begin());
}

// Empty if both are the same, byte for byte.
std::string content_difference(const std::string& name, const Value& here, const Value& saved) {
  std::string text = difference(name, here, saved);
  if (!text.empty() || !here) return text;
  const std::string_view bytes = bytes_of(here);
  if (bytes == bytes_of(saved)) return {};
  const std::size_t at = first_difference(bytes, bytes_of(saved));
  if (here.kind() != ValueKind::tensor) return fmt::format("variable '{}' differs from byte {} on", name, at);
  const std::size_t element = dtype_size(here.dtype());
  return fmt::format("variable '{}' differs, first in element {} of {}", name, at / element, bytes.size() / element);
}

// Those of triggers, and how far the run is, are about this very run.
bool is_compared(std::string_view state, const std::string* other) noexcept {
  return !state.starts_with("runhook/") || (state.starts_with("runhook/hook/") && other != nullptr);
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_memory(const std::vector<SavedMemory>& memory, const std::string& name) {
  return std::any_of(memory.begin(), memory.end(), [&](const SavedMemory& one) { return one.name == name; });
}

// Its shape does not matter: memory has none.
std::string difference(const SavedMemory& memory, const Value& saved) {
  if (saved.kind() == ValueKind::tensor && saved.dtype() == memory.dtype &&
      static_cast<std::int64_t>(saved.element_count()) == memory.count) {
    return {};
  }
  return fmt::format("memory '{}' is {}[{}] here, and {} there", memory.name, dtype_name(memory.dtype), memory.count,
                     describe_value(saved));
}

}  // namespace

std::vector<std::string> differences(const Restored& here, const Snapshot& snapshot) {
  std::vector<std::string> found;
  const std::vector<std::string> names = here.session.variables(VariableScope::global);
  for (const std::string& name : names) {
    const Value* const saved = snapshot.find(name);
    std::string text = saved == nullptr ? fmt::format("variable '{}' is not there", name)
                                        : difference(name, present_value(here.session, name), *saved);
    if (!text.empty()) found.push_back(std::move(text));
  }
  for (const SavedMemory& one : here.memory) {
    const Value* const saved = snapshot.find(one.name);
    std::string text = saved == nullptr ? fmt::format("memory '{}' is not there", one.name) : difference(one, *saved);
    if (!text.empty()) found.push_back(std::move(text));
  }
  if (here.others) return found;
  for (const auto& [name, value] : snapshot.variables) {
    if (!has(names, name) && !is_memory(here.memory, name)) {
      found.push_back(fmt::format("variable '{}' is there, and not here", name));
    }
  }
  return found;
}

std::vector<std::string> differences(const Snapshot& here, const Snapshot& saved) {
  std::vector<std::string> found;
  for (const auto& [name, value] : here.variables) {
    const Value* const other = saved.find(name);
    std::string text = other == nullptr ? fmt::format("variable '{}' is not there", name)
                                        : content_difference(name, own_copy(value), *other);
    if (!text.empty()) found.push_back(std::move(text));
  }
  for (const auto& [name, value] : saved.variables) {
    if (here.find(name) == nullptr) found.push_back(fmt::format("variable '{}' is there, and not here", name));
  }
  for (const auto& [name, bytes] : here.state) {
    const std::string* const other = saved.find_state(name);
    if (!is_compared(name, other) || (other != nullptr && *other == bytes)) continue;
    found.push_back(other == nullptr
                        ? fmt::format("state '{}' is not there", name)
                        : fmt::format("state '{}' differs from byte {} on", name, first_difference(bytes, *other)));
  }
  for (const auto& [name, bytes] : saved.state) {
    const std::string* const other = here.find_state(name);
    if (other == nullptr && is_compared(name, other)) {
      found.push_back(fmt::format("state '{}' is there, and not here", name));
    }
  }
  return found;
}

std::vector<std::string> restore(const Restored& here, Snapshot& snapshot, std::string_view name, bool partial) {
  std::vector<std::string> found = differences(here, snapshot);
  const std::vector<std::string> names = here.session.variables(VariableScope::global);
  if (found.empty() || partial) {
    NamedValues left;
    for (auto& [variable, value] : snapshot.variables) {
      if (!has(names, variable)) {
        left.emplace_back(std::move(variable), std::move(value));
        continue;
      }
      if (partial && !difference(variable, present_value(here.session, variable), value).empty()) continue;
      const std::string description = describe_value(value);
      try {
        here.session.write_variable(variable, own_copy(std::move(value)));
      } catch (const StatusError& refused) {
        if (refused.code() != StatusCode::invalid_argument) throw;
        found.push_back(fmt::format("variable '{}', {} there: {}", variable, description, refused.error().message()));
      }
    }
    snapshot.variables = std::move(left);
  }
  if (!found.empty() && !partial) {
    fail(StatusCode::failed_precondition,
         fmt::format("{} was not saved by the program as it is now, so that it is not restored: {}", name,
                     joined(found, "; ")));
  }
  for (const SavedMemory& one : here.memory) {
    const Value* const saved = snapshot.find(one.name);
    if (saved == nullptr || !difference(one, *saved).empty()) continue;
    snapshot.copy_to(one.name, one.dtype, static_cast<std::size_t>(one.count), one.data);
  }
  std::erase_if(snapshot.variables, [&](const auto& one) { return is_memory(here.memory, one.first); });
  return found;
}

}  // namespace detail
}  // namespace runhook::inline v1
