#include "program/event_files.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <protozero/pbf_message.hpp>
#include <string_view>
#include <utility>

#include "base/format.hpp"
#include "base/refuse.hpp"
#include "output/event.hpp"
#include "output/run_directory.hpp"
#include "output/sink.hpp"
#include "output/tfrecord.hpp"
#include "program/places.hpp"

namespace runhook::program {

namespace {

// The numbers of the fields, so far as they tell what is there.
enum class EventField : protozero::pbf_tag_type { summary = 5, session_log = 7 };
enum class SessionLogField : protozero::pbf_tag_type { status = 1 };
enum class SummaryField : protozero::pbf_tag_type { value = 1 };
enum class ValueField : protozero::pbf_tag_type {
  tag = 1,
  simple_value = 2,
  image = 4,
  histogram = 5,
  audio = 6,
  tensor = 8,
};
enum class TensorField : protozero::pbf_tag_type { dtype = 1 };
constexpr std::int32_t kStringType = 7;
constexpr std::int32_t kStart = 1;

constexpr auto kBytes = protozero::pbf_wire_type::length_delimited;
constexpr auto kVarint = protozero::pbf_wire_type::varint;

// Whether the field at which `message` is has this number and type: what it has under another type is not read as this.
template <class Field>
bool is(const protozero::pbf_message<Field>& message, Field field, protozero::pbf_wire_type type) noexcept {
  return message.tag_and_type() == protozero::tag_and_type(field, type);
}

std::string_view kind_of_tensor(protozero::pbf_message<TensorField> tensor) {
  std::int32_t dtype = 0;
  while (tensor.next()) {
    if (is(tensor, TensorField::dtype, kVarint)) {
      dtype = tensor.get_enum();
    } else {
      tensor.skip();
    }
  }
  return dtype == kStringType ? "text" : "tensor";
}

void note_value(protozero::pbf_message<ValueField> value, std::int64_t step, EventFiles& all) {
  std::string tag;
  std::string_view kind = "other";
  while (value.next()) {
    if (is(value, ValueField::tag, kBytes)) {
      tag = value.get_string();
      continue;
    }
    if (is(value, ValueField::tensor, kBytes)) {
      kind = kind_of_tensor(protozero::pbf_message<TensorField>(value.get_message()));
      continue;
    }
    if (is(value, ValueField::simple_value, protozero::pbf_wire_type::fixed32)) kind = "scalar";
    if (is(value, ValueField::image, kBytes)) kind = "image";
    if (is(value, ValueField::histogram, kBytes)) kind = "histogram";
    if (is(value, ValueField::audio, kBytes)) kind = "audio";
    value.skip();
  }
  EventTag& known = all.tags[tag];
  known.values.push_back({.step = step});
  known.kind = kind;
}

// A run that begins at a step has gone back behind what was written of it and of later ones.
void note_session_log(protozero::pbf_message<SessionLogField> log, std::int64_t step, EventFiles& all) {
  std::int32_t status = 0;
  while (log.next()) {
    if (is(log, SessionLogField::status, kVarint)) {
      status = log.get_enum();
    } else {
      log.skip();
    }
  }
  if (status != kStart) return;
  for (auto& [tag, about] : all.tags) {
    all.obsolete += std::erase_if(about.values, [step](const EventValue& value) { return value.step >= step; });
  }
}

void note_event(std::string_view encoded, EventFiles& all) {
  const detail::EventScalars scalars = detail::decode_scalars(encoded);  // which also finds that it is no event
  protozero::pbf_message<EventField> event{protozero::data_view(encoded.data(), encoded.size())};
  while (event.next()) {
    if (is(event, EventField::session_log, kBytes)) {
      note_session_log(protozero::pbf_message<SessionLogField>(event.get_message()), scalars.step, all);
      continue;
    }
    if (!is(event, EventField::summary, kBytes)) {
      event.skip();
      continue;
    }
    protozero::pbf_message<SummaryField> summary(event.get_message());
    while (summary.next()) {
      if (is(summary, SummaryField::value, kBytes)) {
        note_value(protozero::pbf_message<ValueField>(summary.get_message()), scalars.step, all);
      } else {
        summary.skip();
      }
    }
  }
  for (const auto& [tag, value] : scalars.scalars) {
    EventTag& known = all.tags[std::string(tag)];
    known.kind = "scalar";
    known.values.back().number = value;
  }
}

void read_event_file(EventFile& file, EventFiles& all) {
  errno = 0;
  std::ifstream input(file.path, std::ios::binary);
  if (!input) throw StatusError(detail::system_error(errno, "reading", file.path));
  file.bytes = std::filesystem::file_size(file.path);
  try {
    detail::RecordReader reader(input);
    for (; reader.next(); ++file.events) note_event(reader.data(), all);
  } catch (const StatusError& failed) {
    file.damage = failed.error();
  } catch (const protozero::exception&) {
    file.damage = Error(StatusCode::data_loss, fmt::format("the record after {} others is not an event", file.events));
  }
}

}  // namespace

EventFiles read_event_files(const std::string& path) {
  EventFiles all;
  std::vector<std::string> paths;
  if (std::filesystem::is_regular_file(path)) {
    paths.push_back(path);
  } else {
    const std::string directory = run_directory(path);
    for (const std::string& name : detail::names_in(directory)) {
      if (name.find("tfevents") != std::string::npos) paths.push_back(fmt::format("{}/{}", directory, name));
    }
    if (paths.empty()) {
      detail::fail(StatusCode::not_found, fmt::format("there are no event files in '{}': give the directory of a run "
                                                      "with the default hooks, or one such file",
                                                      directory));
    }
  }
  for (const std::string& one : paths) {
    EventFile file{.path = one};
    read_event_file(file, all);
    all.files.push_back(std::move(file));
  }
  return all;
}

}  // namespace runhook::program
