#include "output/event.hpp"

#include <bit>
#include <cstring>
#include <optional>
#include <protozero/pbf_message.hpp>
#include <protozero/pbf_writer.hpp>

#include "runhook/error.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

using protozero::data_view;
using protozero::pbf_message;
using protozero::pbf_wire_type;
using protozero::pbf_writer;
using protozero::tag_and_type;

// The numbers of the fields.
enum class EventField : protozero::pbf_tag_type {
  wall_time = 1,
  step = 2,
  file_version = 3,
  summary = 5,
  session_log = 7
};
enum class SessionLogField : protozero::pbf_tag_type { status = 1, checkpoint_path = 2, message = 3 };
enum class SummaryField : protozero::pbf_tag_type { value = 1 };
enum class ValueField : protozero::pbf_tag_type {
  tag = 1,
  simple_value = 2,
  image = 4,
  histogram = 5,
  tensor = 8,
  metadata = 9,
};
enum class MetadataField : protozero::pbf_tag_type { plugin_data = 1, data_class = 4 };
enum class PluginField : protozero::pbf_tag_type { name = 1 };
enum class HistogramField : protozero::pbf_tag_type {
  min = 1,
  max = 2,
  count = 3,
  sum = 4,
  sum_of_squares = 5,
  limits = 6,
  counts = 7,
};
enum class ImageField : protozero::pbf_tag_type { height = 1, width = 2, colorspace = 3, encoded = 4 };
enum class TensorField : protozero::pbf_tag_type { dtype = 1, shape = 2, content = 4, floats = 5, strings = 8 };
enum class ShapeField : protozero::pbf_tag_type { dimension = 2 };

constexpr std::int32_t kFloat = 1;
constexpr std::int32_t kString = 7;
constexpr std::int32_t kTensorClass = 2;

template <class Field>
constexpr protozero::pbf_tag_type number(Field field) noexcept {
  return static_cast<protozero::pbf_tag_type>(field);
}

data_view view(std::string_view text) noexcept { return {text.data(), text.size()}; }
std::string_view text(const data_view& view) noexcept { return {view.data(), view.size()}; }

void write_time(pbf_writer& event, EventTime time) {
  event.add_double(number(EventField::wall_time), time.wall_time);
  if (time.step != 0) event.add_int64(number(EventField::step), time.step);
}

void write_metadata(pbf_writer& value, std::string_view plugin, std::int32_t data_class) {
  pbf_writer metadata(value, number(ValueField::metadata));
  {
    pbf_writer data(metadata, number(MetadataField::plugin_data));
    data.add_bytes(number(PluginField::name), view(plugin));
  }
  // A value that is not a tensor gets no class: readers know by its field how to convert it.
  if (data_class != 0) metadata.add_enum(number(MetadataField::data_class), data_class);
}

// An event with one value, the content of which is written by `write`.
template <class Write>
void encode_value(std::string& buffer, EventTime time, SummaryTag tag, std::string_view plugin, std::int32_t data_class,
                  Write write) {
  pbf_writer event(buffer);
  write_time(event, time);
  pbf_writer summary(event, number(EventField::summary));
  pbf_writer value(summary, number(SummaryField::value));
  value.add_bytes(number(ValueField::tag), view(tag.name));
  write(value);
  if (tag.first) write_metadata(value, plugin, data_class);
}

}  // namespace

void encode_version(std::string& buffer, double wall_time) {
  pbf_writer event(buffer);
  write_time(event, {wall_time, 0});
  event.add_string(number(EventField::file_version), "brain.Event:2");
}

void encode_session_log(std::string& buffer, EventTime time, std::int32_t status, std::string_view checkpoint_path,
                        std::string_view message) {
  pbf_writer event(buffer);
  write_time(event, time);
  pbf_writer log(event, number(EventField::session_log));
  log.add_enum(number(SessionLogField::status), status);
  if (!checkpoint_path.empty()) log.add_bytes(number(SessionLogField::checkpoint_path), view(checkpoint_path));
  if (!message.empty()) log.add_bytes(number(SessionLogField::message), view(message));
}

void encode_scalar(std::string& buffer, EventTime time, SummaryTag tag, float scalar) {
  encode_value(buffer, time, tag, "scalars", 0,
               [&](pbf_writer& value) { value.add_float(number(ValueField::simple_value), scalar); });
}

void encode_histogram(std::string& buffer, EventTime time, SummaryTag tag, const Histogram& histogram) {
  encode_value(buffer, time, tag, "histograms", 0, [&](pbf_writer& value) {
    pbf_writer message(value, number(ValueField::histogram));
    message.add_double(number(HistogramField::min), histogram.min);
    message.add_double(number(HistogramField::max), histogram.max);
    message.add_double(number(HistogramField::count), histogram.count);
    message.add_double(number(HistogramField::sum), histogram.sum);
    message.add_double(number(HistogramField::sum_of_squares), histogram.sum_of_squares);
    message.add_packed_double(number(HistogramField::limits), histogram.limits.begin(), histogram.limits.end());
    message.add_packed_double(number(HistogramField::counts), histogram.counts.begin(), histogram.counts.end());
  });
}

void encode_picture(std::string& buffer, EventTime time, SummaryTag tag, const Picture& picture) {
  encode_value(buffer, time, tag, "images", 0, [&](pbf_writer& value) {
    pbf_writer image(value, number(ValueField::image));
    image.add_int32(number(ImageField::height), picture.height);
    image.add_int32(number(ImageField::width), picture.width);
    image.add_int32(number(ImageField::colorspace), picture.channels);
    image.add_bytes(number(ImageField::encoded), picture.png);
  });
}

void encode_text(std::string& buffer, EventTime time, SummaryTag tag, std::string_view text) {
  encode_value(buffer, time, tag, "text", kTensorClass, [&](pbf_writer& value) {
    pbf_writer tensor(value, number(ValueField::tensor));
    tensor.add_enum(number(TensorField::dtype), kString);
    tensor.add_message(number(TensorField::shape), data_view("", 0));  // no dimensions
    tensor.add_bytes(number(TensorField::strings), view(text));
  });
}

void encode_summary(std::string& buffer, EventTime time, std::string_view summary) {
  pbf_writer event(buffer);
  write_time(event, time);
  event.add_message(number(EventField::summary), view(summary));
}

namespace {

// Whether the field at which `message` is has this number and type.
template <class Field>
bool is(const pbf_message<Field>& message, Field field, pbf_wire_type type) noexcept {
  return message.tag_and_type() == tag_and_type(field, type);
}
constexpr auto kBytes = pbf_wire_type::length_delimited;

// A tensor's only element, if it is a float without dimensions.
std::optional<double> read_tensor(pbf_message<TensorField> tensor) {
  std::int32_t dtype = 0;
  bool scalar = true;
  std::size_t count = 0;
  float element = 0;
  while (tensor.next()) {
    if (is(tensor, TensorField::dtype, pbf_wire_type::varint)) {
      dtype = tensor.get_enum();
    } else if (is(tensor, TensorField::shape, kBytes)) {
      pbf_message<ShapeField> shape(tensor.get_message());
      while (shape.next()) {
        scalar = scalar && shape.tag() != ShapeField::dimension;
        shape.skip();
      }
    } else if (is(tensor, TensorField::floats, kBytes)) {
      for (const float number : tensor.get_packed_float()) {
        element = number;
        ++count;
      }
    } else if (is(tensor, TensorField::floats, pbf_wire_type::fixed32)) {
      element = tensor.get_float();
      ++count;
    } else if (is(tensor, TensorField::content, kBytes)) {
      const data_view content = tensor.get_view();
      if (content.size() != sizeof(std::uint32_t)) return std::nullopt;
      std::uint32_t bits = 0;
      for (std::size_t i = 0; i < sizeof bits; ++i) {
        bits |= std::uint32_t{static_cast<unsigned char>(content.data()[i])} << (8 * i);
      }
      element = std::bit_cast<float>(bits);
      ++count;
    } else {
      tensor.skip();
    }
  }
  if (dtype != kFloat || !scalar || count != 1) return std::nullopt;
  return element;
}

void read_value(pbf_message<ValueField> value, EventScalars& event) {
  std::string_view tag;
  std::optional<double> scalar;
  while (value.next()) {
    if (is(value, ValueField::tag, kBytes)) {
      tag = text(value.get_view());
    } else if (is(value, ValueField::simple_value, pbf_wire_type::fixed32)) {
      scalar = value.get_float();
    } else if (is(value, ValueField::tensor, kBytes)) {
      scalar = read_tensor(pbf_message<TensorField>(value.get_message()));
    } else {
      value.skip();
    }
  }
  if (scalar) event.scalars.push_back({tag, *scalar});
}

// Calls `use` with each value of a summary.
template <class Use>
void for_each_value(std::string_view encoded, Use use) {
  pbf_message<SummaryField> summary{view(encoded)};
  while (summary.next()) {
    if (is(summary, SummaryField::value, kBytes)) {
      use(pbf_message<ValueField>(summary.get_message()));
    } else {
      summary.skip();
    }
  }
}

}  // namespace

std::vector<std::string_view> summary_tags(std::string_view summary) {
  std::vector<std::string_view> tags;
  try {
    for_each_value(summary, [&](pbf_message<ValueField> value) {
      while (value.next()) {
        if (is(value, ValueField::tag, kBytes)) {
          tags.push_back(text(value.get_view()));
        } else {
          value.skip();
        }
      }
    });
  } catch (const protozero::exception&) {
    throw StatusError(StatusCode::invalid_argument, "the bytes are not an encoded Summary");
  }
  return tags;
}

EventScalars decode_scalars(std::string_view encoded) {
  EventScalars found;
  try {
    pbf_message<EventField> event{view(encoded)};
    while (event.next()) {
      if (is(event, EventField::step, pbf_wire_type::varint)) {
        found.step = event.get_int64();
      } else if (is(event, EventField::summary, kBytes)) {
        for_each_value(text(event.get_view()), [&](const pbf_message<ValueField>& value) { read_value(value, found); });
      } else {
        event.skip();
      }
    }
  } catch (const protozero::exception&) {
    throw StatusError(StatusCode::data_loss, "a record is not an event");
  }
  return found;
}

}  // namespace detail
}  // namespace runhook::inline v1
