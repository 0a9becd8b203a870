#include "program/event_files.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <utility>

#include "base/format.hpp"
#include "base/refuse.hpp"
#include "output/event.hpp"
#include "output/event_fields.hpp"
#include "output/run_directory.hpp"
#include "output/sink.hpp"
#include "output/tfrecord.hpp"
#include "program/places.hpp"

namespace runhook::program {

namespace {

using detail::EventField;
using detail::is_field;
using detail::kBytesWire;
using detail::TensorField;
using detail::ValueField;
using protozero::pbf_message;

void note_value(pbf_message<ValueField> value, std::int64_t step, EventFiles& all) {
  std::string tag;
  std::string_view kind = "other";
  while (value.next()) {
    if (is_field(value, ValueField::tag, kBytesWire)) {
      tag = value.get_string();
      continue;
    }
    if (is_field(value, ValueField::tensor, kBytesWire)) {
      const pbf_message<TensorField> tensor(value.get_message());
      kind = detail::enum_in(tensor, TensorField::dtype) == detail::kStringType ? "text" : "tensor";
      continue;
    }
    if (is_field(value, ValueField::simple_value, protozero::pbf_wire_type::fixed32)) kind = "scalar";
    if (is_field(value, ValueField::image, kBytesWire)) kind = "image";
    if (is_field(value, ValueField::histogram, kBytesWire)) kind = "histogram";
    if (is_field(value, ValueField::audio, kBytesWire)) kind = "audio";
    value.skip();
  }
  EventTag& known = all.tags[tag];
  known.values.push_back({.step = step});
  known.kind = kind;
}

void note_event(std::string_view encoded, EventFiles& all) {
  const detail::EventScalars scalars = detail::decode_scalars(encoded);  // which also finds that it is no event
  if (scalars.starts) {
    for (auto& [tag, about] : all.tags) {
      const auto is_undone = [&](const EventValue& value) { return value.step >= scalars.step; };
      all.obsolete += std::erase_if(about.values, is_undone);
    }
  }
  pbf_message<EventField> event{detail::data_of(encoded)};
  while (event.next()) {
    if (!is_field(event, EventField::summary, kBytesWire)) {
      event.skip();
      continue;
    }
    detail::for_each_value(event.get_view(),
                           [&](pbf_message<ValueField> value) { note_value(value, scalars.step, all); });
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
