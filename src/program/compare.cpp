#include <algorithm>
#include <map>
#include <utility>

#include "base/format.hpp"
#include "base/refuse.hpp"
#include "program/commands.hpp"
#include "program/elements.hpp"
#include "program/places.hpp"
#include "program/text.hpp"
#include "value/tensor_text.hpp"

namespace runhook::program {

namespace {

struct CompareOptions {
  std::string a, b;
  Tolerance tolerance;
  bool without_state = false;
};

// What was found out about all variables or states of one name.
struct Finding {
  std::string_view name;
  std::string_view result;  // as the manual page has them
  std::string text;         // for people; empty: there is no difference that counts
  Json json;
};

std::string description_of(const StoredVariable& variable) {
  if (variable.kind == ValueKind::string) return "a string";
  if (variable.kind == ValueKind::bytes) return "bytes";
  return detail::describe_tensor(variable.dtype, variable.shape);
}

std::string place_of(std::int64_t index, const std::vector<std::int64_t>& shape) {
  std::string text;
  for (auto extent = shape.rbegin(); extent != shape.rend(); ++extent) {
    text.insert(0, fmt::format("{}{}", extent + 1 == shape.rend() ? "" : ",", index % *extent));
    index /= *extent;
  }
  return "[" + text + "]";
}

Finding compare_values(const StoredVariable& variable, const Value& a, const Value& b, Tolerance tolerance) {
  const bool is_tensor = variable.kind == ValueKind::tensor;
  if (!is_tensor) {
    if (a.text() == b.text()) return {variable.name, "identical", {}, {}};
    return {variable.name, "values", fmt::format("{} and {} bytes that differ", a.byte_size(), b.byte_size()), {}};
  }
  const Difference found = difference_of(a, b, tolerance);
  if (found.count == 0) return {variable.name, "identical", {}, {}};
  Finding finding{variable.name, found.is_close ? "close" : "values", {}, {}};
  finding.json = {{"differing", found.count},
                  {"count", a.element_count()},
                  {"max_absolute", json_of(found.max_absolute)},
                  {"max_relative", json_of(found.max_relative)},
                  {"at", found.at}};
  if (found.is_close) return finding;
  const std::string most = fmt::format("{}{}, relative {}", number_text(found.max_absolute),
                                       variable.shape.empty() ? "" : " at " + place_of(found.at, variable.shape),
                                       number_text(found.max_relative));
  finding.text = variable.shape.empty()
                     ? "differs by " + most
                     : fmt::format("{} of {} differ, by at most {}", found.count,
                                   count_text(static_cast<std::uint64_t>(a.element_count()), "element"), most);
  return finding;
}

Finding compare_variable(const StoredVariable& in_a, const StoredVariable& in_b, const StoredCheckpoint& a,
                         const StoredCheckpoint& b, Tolerance tolerance) {
  const auto unequal = [&](std::string_view result) {
    return Finding{in_a.name, result, fmt::format("{} and {}", description_of(in_a), description_of(in_b)), {}};
  };
  if (in_a.kind != in_b.kind) return unequal("kind");
  if (in_a.dtype != in_b.dtype) return unequal("dtype");
  if (in_a.shape != in_b.shape) return unequal("shape");
  return compare_values(in_a, a.load(in_a.name), b.load(in_b.name), tolerance);
}

Finding only_in(std::string_view name, bool in_a) {
  return {name, in_a ? "only_in_a" : "only_in_b", in_a ? "only in the first" : "only in the second", {}};
}

// Goes through two lists in the order of their names at once. `of_both` gets what is in both.
template <typename List, typename Name, typename OfBoth>
std::vector<Finding> merge(const List& a, const List& b, Name name, OfBoth of_both) {
  std::vector<Finding> findings;
  auto at_a = a.begin();
  auto at_b = b.begin();
  while (at_a != a.end() || at_b != b.end()) {
    if (at_b == b.end() || (at_a != a.end() && name(*at_a) < name(*at_b))) {
      findings.push_back(only_in(name(*at_a++), true));
    } else if (at_a == a.end() || name(*at_b) < name(*at_a)) {
      findings.push_back(only_in(name(*at_b++), false));
    } else {
      findings.push_back(of_both(*at_a++, *at_b++));
    }
  }
  return findings;
}

std::vector<Finding> compare_states(const std::map<std::string_view, std::string_view>& a,
                                    const std::map<std::string_view, std::string_view>& b) {
  const auto of_both = [](const auto& in_a, const auto& in_b) {
    Finding finding{in_a.first, "identical", {}, {}};
    if (in_a.second == in_b.second) return finding;
    finding.result = "values";
    finding.text = in_a.second.size() == in_b.second.size()
                       ? fmt::format("{} bytes that differ", in_a.second.size())
                       : fmt::format("{} and {} bytes", in_a.second.size(), in_b.second.size());
    finding.json = {{"bytes_a", in_a.second.size()}, {"bytes_b", in_b.second.size()}};
    return finding;
  };
  return merge(
      a, b, [](const auto& one) { return one.first; }, of_both);
}

std::map<std::string_view, std::string_view> states_of(const StoredCheckpoint& checkpoint, bool is_left_out) {
  if (is_left_out) return {};
  return {checkpoint.state().begin(), checkpoint.state().end()};
}

Json list_of(const std::vector<Finding>& findings) {
  Json list = Json::array();
  for (const Finding& one : findings) {
    Json json = {{"name", one.name}, {"result", one.result}};
    if (one.json.is_object()) json.update(one.json);
    list.push_back(std::move(json));
  }
  return list;
}

Json identity_of(const CheckpointSummary& summary) { return {{"step", summary.step}, {"path", summary.path}}; }

// Counts those that do not differ, and puts the others into the table.
std::uint64_t add_differing(Table& table, const std::vector<Finding>& findings, std::string_view kind) {
  std::uint64_t same = 0;
  for (const Finding& one : findings) {
    if (one.text.empty()) {
      ++same;
    } else {
      table.add({std::string(kind), std::string(one.name), one.text});
    }
  }
  return same;
}

// B may be "@STEP" alone: of the directory of A.
CheckpointPlace second_place(const CheckpointPlace& a, const std::string& b) {
  return checkpoint_place(b.starts_with('@') ? a.directory + b : b);
}

Reply compare(const CompareOptions& options) {
  const CheckpointPlace place_a = checkpoint_place(options.a);
  const StoredCheckpoint a = open_place(place_a);
  const StoredCheckpoint b = open_place(second_place(place_a, options.b));
  const auto name = [](const StoredVariable& one) { return std::string_view(one.name); };
  const auto of_both = [&](const StoredVariable& in_a, const StoredVariable& in_b) {
    return compare_variable(in_a, in_b, a, b, options.tolerance);
  };
  const std::vector<Finding> variables = merge(a.variables(), b.variables(), name, of_both);
  const auto states_of_a = states_of(a, options.without_state);
  const auto states_of_b = states_of(b, options.without_state);
  const std::vector<Finding> states = compare_states(states_of_a, states_of_b);
  Table table({{"what"}, {"name"}, {"difference"}});
  const std::uint64_t same_variables = add_differing(table, variables, "variable");
  const std::uint64_t same_states = add_differing(table, states, "state");
  Reply reply;
  reply.status = table.empty() ? Status::fine : Status::wrong;
  reply.json = {{"equal", table.empty()},
                {"a", identity_of(a.summary())},
                {"b", identity_of(b.summary())},
                {"variables", list_of(variables)},
                {"state", list_of(states)}};
  if (!table.empty()) reply.text = table.text();
  reply.text += fmt::format("equal: {} of {}", same_variables, count_text(variables.size(), "variable"));
  if (!states.empty()) reply.text += fmt::format(", {} of {}", same_states, count_text(states.size(), "state"));
  reply.text += "\n";
  return reply;
}

}  // namespace

void add_compare(Commands& commands) {
  const auto options = std::make_shared<CompareOptions>();
  CLI::App& command =
      commands.add("compare", "Say how two checkpoints differ", [options] { return compare(*options); });
  command.add_option("A", options->a, "A checkpoint: DIR for the newest one, DIR@STEP, or its own directory")
      ->required()
      ->type_name("");
  command.add_option("B", options->b, "The other one; @STEP for one of the same directory")->required()->type_name("");
  command.add_option("--atol", options->tolerance.absolute, "Pass over differences of at most this")
      ->check(CLI::NonNegativeNumber)
      ->type_name("NUMBER");
  command.add_option("--rtol", options->tolerance.relative, "... plus this times the magnitude of the number in B")
      ->check(CLI::NonNegativeNumber)
      ->type_name("NUMBER");
  command.add_flag("--ignore-state", options->without_state, "Compare variables only");
}

}  // namespace runhook::program
