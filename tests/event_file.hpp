// Reads event files in a way of its own: without looking at checksums, and all that tests want to see of them.
#ifndef RUNHOOK_TESTS_EVENT_FILE_HPP_
#define RUNHOOK_TESTS_EVENT_FILE_HPP_

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <protozero/pbf_reader.hpp>
#include <string>
#include <utility>
#include <vector>

#include "folder.hpp"

namespace runhook_test {

struct HistogramRead {
  double min = 0, max = 0, count = 0, sum = 0, sum_of_squares = 0;
  std::vector<double> limits, counts;
};

struct ImageRead {
  int height = 0, width = 0, colorspace = 0;
  std::string png;
};

struct ValueRead {
  std::string tag;
  std::string plugin;  // empty: there is no metadata
  std::optional<float> scalar;
  std::optional<std::string> text;
  std::optional<HistogramRead> histogram;
  std::optional<ImageRead> image;
};

struct EventRead {
  double wall_time = 0;
  std::int64_t step = 0;
  std::string version;
  int session_log = 0;  // its status
  std::string checkpoint_path;
  std::vector<ValueRead> values;
};

namespace detail {

inline HistogramRead read_histogram(protozero::pbf_reader reader) {
  HistogramRead read;
  while (reader.next()) {
    double* const numbers[] = {&read.min, &read.max, &read.count, &read.sum, &read.sum_of_squares};
    const protozero::pbf_tag_type tag = reader.tag();  // which reading takes away
    if (tag <= 5) {
      *numbers[tag - 1] = reader.get_double();
    } else {
      auto& into = tag == 6 ? read.limits : read.counts;
      for (const double number : reader.get_packed_double()) into.push_back(number);
    }
  }
  return read;
}

inline ImageRead read_image(protozero::pbf_reader reader) {
  ImageRead read;
  while (reader.next()) {
    if (reader.tag() == 1)
      read.height = reader.get_int32();
    else if (reader.tag() == 2)
      read.width = reader.get_int32();
    else if (reader.tag() == 3)
      read.colorspace = reader.get_int32();
    else
      read.png = reader.get_bytes();
  }
  return read;
}

inline std::string read_metadata(protozero::pbf_reader reader) {
  std::string plugin;
  while (reader.next()) {
    if (reader.tag() != 1) {
      reader.skip();
      continue;
    }
    protozero::pbf_reader data = reader.get_message();
    while (data.next()) plugin = data.get_string();
  }
  return plugin;
}

inline std::optional<std::string> read_text(protozero::pbf_reader reader) {
  std::optional<std::string> text;
  while (reader.next()) {
    if (reader.tag() == 8)
      text = reader.get_bytes();
    else
      reader.skip();
  }
  return text;
}

inline ValueRead read_value(protozero::pbf_reader reader) {
  ValueRead read;
  while (reader.next()) {
    if (reader.tag() == 1)
      read.tag = reader.get_string();
    else if (reader.tag() == 2)
      read.scalar = reader.get_float();
    else if (reader.tag() == 4)
      read.image = read_image(reader.get_message());
    else if (reader.tag() == 5)
      read.histogram = read_histogram(reader.get_message());
    else if (reader.tag() == 8)
      read.text = read_text(reader.get_message());
    else if (reader.tag() == 9)
      read.plugin = read_metadata(reader.get_message());
    else
      reader.skip();
  }
  return read;
}

}  // namespace detail

inline EventRead read_event(const std::string& bytes) {
  EventRead read;
  protozero::pbf_reader reader(bytes);
  while (reader.next()) {
    if (reader.tag() == 1) {
      read.wall_time = reader.get_double();
    } else if (reader.tag() == 2) {
      read.step = reader.get_int64();
    } else if (reader.tag() == 3) {
      read.version = reader.get_string();
    } else if (reader.tag() == 5) {
      protozero::pbf_reader summary = reader.get_message();
      while (summary.next()) read.values.push_back(detail::read_value(summary.get_message()));
    } else if (reader.tag() == 7) {
      protozero::pbf_reader log = reader.get_message();
      while (log.next()) {
        if (log.tag() == 1)
          read.session_log = log.get_enum();
        else if (log.tag() == 2)
          read.checkpoint_path = log.get_string();
        else
          log.skip();
      }
    }
  }
  return read;
}

inline std::vector<EventRead> read_events(const std::string& path) {
  const std::string bytes = content(path);
  std::vector<EventRead> events;
  std::size_t at = 0;
  while (at + 16 <= bytes.size()) {
    std::uint64_t size = 0;
    std::memcpy(&size, bytes.data() + at, sizeof size);
    events.push_back(read_event(bytes.substr(at + 12, size)));
    at += 16 + size;
  }
  EXPECT_EQ(at, bytes.size()) << path << " ends within a record";
  return events;
}

// The scalars of a tag, as step and value.
inline std::vector<std::pair<std::int64_t, float>> scalars_of(const std::vector<EventRead>& events,
                                                              const std::string& tag) {
  std::vector<std::pair<std::int64_t, float>> found;
  for (const EventRead& event : events) {
    for (const ValueRead& value : event.values) {
      if (value.tag == tag && value.scalar) found.emplace_back(event.step, *value.scalar);
    }
  }
  return found;
}

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_EVENT_FILE_HPP_
