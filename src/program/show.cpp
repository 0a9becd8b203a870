#include <algorithm>
#include <utility>

#include "base/format.hpp"
#include "base/one_line.hpp"
#include "output/json_csv_values.hpp"
#include "program/commands.hpp"
#include "program/elements.hpp"
#include "program/places.hpp"
#include "program/text.hpp"
#include "value/tensor_text.hpp"

namespace runhook::program {

namespace {

constexpr std::int64_t kShownElements = 8;
constexpr std::size_t kShownBytes = 256;

struct ShowOptions {
  std::string path;
  std::optional<std::int64_t> step;
  std::string variable;
};

// The newest whose manifest is right: its data is not looked at, however much there is.
CheckpointSummary summary_at(const CheckpointPlace& place) {
  const std::vector<CheckpointSummary> all = checkpoints_in(place.directory);
  const auto found = std::find_if(all.rbegin(), all.rend(), [&](const CheckpointSummary& one) {
    return place.step ? one.step == *place.step : !one.damage;
  });
  if (found != all.rend()) {
    for (auto newer = all.rbegin(); !place.step && newer != found; ++newer) {
      say("a newer checkpoint is passed over: " + newer->damage.message());
    }
    return *found;
  }
  if (place.step) open_place(place);  // which says why not
  return all.back();
}

std::string heading_of(const CheckpointSummary& summary) {
  Facts facts;
  facts.add("path", summary.path);
  if (summary.saved_unix_ns != 0) {
    facts.add("saved", local_time(summary.saved_unix_ns));
    facts.add("size", size_text(summary.bytes));
  }
  facts.add("session", summary.session);
  facts.add("metrics", numbers_text(summary.metrics));
  if (summary.pinned) facts.add("pinned", "yes");
  facts.add("damaged", summary.damage.message());
  return fmt::format("step {}\n{}", summary.step, facts.text());
}

Table table_of(const std::vector<StoredVariable>& variables) {
  using enum Table::Align;
  Table table({{"variable"}, {"type"}, {"shape"}, {"size", right}});
  for (const StoredVariable& one : variables) {
    const bool is_tensor = one.kind == ValueKind::tensor;
    table.add({one.name,
               is_tensor                       ? std::string(detail::dtype_name(one.dtype))
               : one.kind == ValueKind::string ? "string"
                                               : "bytes",
               is_tensor ? shape_text(one.shape) : "", size_text(one.bytes)});
  }
  return table;
}

Reply show_all(const CheckpointPlace& place) {
  const CheckpointSummary summary = summary_at(place);
  Reply reply;
  reply.json = json_of(summary);
  Json variables = Json::array();
  Json state = Json::array();
  reply.text = heading_of(summary);
  try {
    if (summary.damage) throw StatusError(summary.damage);
    const StoredCheckpoint checkpoint = open_checkpoint(place.directory, summary.step);
    for (const StoredVariable& one : checkpoint.variables()) variables.push_back(json_of(one));
    reply.text += "\n" + table_of(checkpoint.variables()).text();
    using enum Table::Align;
    Table states({{"state"}, {"size", right}});
    for (const auto& [name, bytes] : checkpoint.state()) {
      state.push_back({{"name", name}, {"bytes", bytes.size()}});
      states.add({name, size_text(bytes.size())});
    }
    if (!states.empty()) reply.text += "\n" + states.text();
  } catch (const StatusError& failed) {
    if (failed.code() != StatusCode::data_loss) throw;
    reply.status = Status::wrong;
    reply.json["damage"] = json_of(failed.error());
    if (!summary.damage) reply.text += "  damaged: " + detail::one_line(failed.error().message()) + "\n";
  }
  reply.json["variables"] = std::move(variables);
  reply.json["state"] = std::move(state);
  return reply;
}

// The first elements, the text, or the first bytes in hexadecimal digits.
Json beginning_of(const Value& value) {
  if (value.kind() == ValueKind::bytes) return detail::hexadecimal(value.text().substr(0, kShownBytes));
  if (value.kind() == ValueKind::string) return value.text();
  Json elements = Json::array();
  for (std::int64_t i = 0; i < std::min(value.element_count(), kShownElements); ++i) {
    elements.push_back(element_at(value, i));
  }
  return elements;
}

Reply show_variable(const CheckpointPlace& place, const std::string& name) {
  const CheckpointSummary summary = summary_at(place);
  if (summary.damage) throw StatusError(summary.damage);
  const StoredCheckpoint checkpoint = open_checkpoint(place.directory, summary.step);
  const Value value = checkpoint.load(name);
  const auto found = std::find_if(checkpoint.variables().begin(), checkpoint.variables().end(),
                                  [&](const StoredVariable& one) { return one.name == name; });
  Reply reply;
  reply.json = {{"step", summary.step}};
  reply.json.update(json_of(*found));
  const Json beginning = beginning_of(value);
  reply.text = table_of({*found}).text();
  Facts facts;
  if (value.kind() == ValueKind::tensor) {
    const ElementFacts elements = facts_of(value);
    reply.json.update({{"count", value.element_count()},
                       {"min", elements.min},
                       {"max", elements.max},
                       {"mean", elements.mean},
                       {"nan_count", elements.nan_count},
                       {"infinite_count", elements.infinite_count}});
    facts.add("elements", std::to_string(value.element_count()));
    if (!elements.min.is_null()) {
      facts.add("min", value_text(elements.min));
      facts.add("max", value_text(elements.max));
      facts.add("mean", value_text(elements.mean));
    }
    facts.add("NaN", std::to_string(elements.nan_count));
    facts.add("infinite", std::to_string(elements.infinite_count));
    std::string first;
    for (const Json& element : beginning) first += (first.empty() ? "" : ", ") + value_text(element);
    facts.add("first", first + (value.element_count() > kShownElements ? ", ..." : ""));
  } else {
    const std::string text = beginning.get<std::string>();
    facts.add(value.kind() == ValueKind::string ? "text" : "bytes",
              detail::one_line(text.substr(0, 2 * kShownBytes), detail::Blanks::escaped));
  }
  reply.json["first"] = beginning;
  reply.text += facts.text();
  return reply;
}

}  // namespace

void add_show(Commands& commands) {
  const auto options = std::make_shared<ShowOptions>();
  CLI::App& command = commands.add("show", "Show what is in a checkpoint, or in one of its variables", [options] {
    const CheckpointPlace place = checkpoint_place(options->path, options->step);
    return options->variable.empty() ? show_all(place) : show_variable(place, options->variable);
  });
  add_checkpoint(command, options->path, options->step);
  command.add_option("--variable", options->variable, "Show the values of this one")->type_name("NAME");
}

}  // namespace runhook::program
