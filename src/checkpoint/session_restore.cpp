#include "checkpoint/session_restore.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "base/refuse.hpp"
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

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::vector<std::string> differences(Session& session, const Snapshot& snapshot, bool others) {
  std::vector<std::string> found;
  const std::vector<std::string> names = session.variables(VariableScope::global);
  for (const std::string& name : names) {
    const Value* const saved = snapshot.find(name);
    std::string text = saved == nullptr ? fmt::format("variable '{}' is not there", name)
                                        : difference(name, present_value(session, name), *saved);
    if (!text.empty()) found.push_back(std::move(text));
  }
  if (others) return found;
  for (const auto& [name, value] : snapshot.variables) {
    if (!has(names, name)) found.push_back(fmt::format("variable '{}' is there, and not here", name));
  }
  return found;
}

std::vector<std::string> restore_session(Session& session, Snapshot& snapshot, std::string_view name, bool partial,
                                         bool others) {
  std::vector<std::string> found = differences(session, snapshot, others);
  const std::vector<std::string> names = session.variables(VariableScope::global);
  if (found.empty() || partial) {
    NamedValues left;
    for (auto& [variable, value] : snapshot.variables) {
      if (!has(names, variable)) {
        left.emplace_back(std::move(variable), std::move(value));
        continue;
      }
      if (partial && !difference(variable, present_value(session, variable), value).empty()) continue;
      const std::string description = describe_value(value);
      try {
        session.write_variable(variable, own_copy(std::move(value)));
      } catch (const StatusError& refused) {
        if (refused.code() != StatusCode::invalid_argument) throw;
        found.push_back(fmt::format("variable '{}', {} there: {}", variable, description, refused.error().message()));
      }
    }
    snapshot.variables = std::move(left);
  }
  if (found.empty() || partial) return found;
  fail(StatusCode::failed_precondition,
       fmt::format("{} was not saved by the program as it is now, so that it is not restored: {}", name,
                   joined(found, "; ")));
}

}  // namespace detail
}  // namespace runhook::inline v1
