#include "output/event.hpp"

#include <bit>
#include <cstring>
#include <optional>
#include <protozero/pbf_writer.hpp>

#include "output/event_fields.hpp"
#include "runhook/error.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

using protozero::data_view;
using protozero::pbf_message;
using protozero::pbf_wire_type;
using protozero::pbf_writer;

constexpr std::int32_t kTensorClass = 2;

template <class Field>
constexpr protozero::pbf_tag_type number(Field field) noexcept {
  return static_cast<protozero::pbf_tag_type>(field);
}

std::string_view text(const data_view& view) noexcept { return {view.data(), view.size()}; }

void write_time(pbf_writer& event, EventTime time) {
  event.add_double(number(EventField::wall_time), time.wall_time);
  if (time.step != 0) event.add_int64(number(EventField::step), time.step);
}

void write_metadata(pbf_writer& value, std::string_view plugin, std::int32_t data_class) {
  pbf_writer metadata(value, number(ValueField::metadata));
  {
    pbf_writer data(metadata, number(MetadataField::plugin_data));
    data.add_bytes(number(PluginField::name), data_of(plugin));
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
  value.add_bytes(number(ValueField::tag), data_of(tag.name));
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
  if (!checkpoint_path.empty()) log.add_bytes(number(SessionLogField::checkpoint_path), data_of(checkpoint_path));
  if (!message.empty()) log.add_bytes(number(SessionLogField::message), data_of(message));
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
    tensor.add_enum(number(TensorField::dtype), kStringType);
    tensor.add_message(number(TensorField::shape), data_view("", 0));  // no dimensions
    tensor.add_bytes(number(TensorField::strings), data_of(text));
  });
}

void encode_summary(std::string& buffer, EventTime time, std::string_view summary) {
  pbf_writer event(buffer);
  write_time(event, time);
  event.add_message(number(EventField::summary), data_of(summary));
}

namespace {

// A tensor's only element, if it is a float without dimensions.
std::optional<double> read_tensor(pbf_message<TensorField> tensor) {
  std::int32_t dtype = 0;
  bool scalar = true;
  std::size_t count = 0;
  float element = 0;
  while (tensor.next()) {
    if (is_field(tensor, TensorField::dtype, kVarintWire)) {
      dtype = tensor.get_enum();
    } else if (is_field(tensor, TensorField::shape, kBytesWire)) {
      pbf_message<ShapeField> shape(tensor.get_message());
      while (shape.next()) {
        scalar = scalar && shape.tag() != ShapeField::dimension;
        shape.skip();
      }
    } else if (is_field(tensor, TensorField::floats, kBytesWire)) {
      for (const float number : tensor.get_packed_float()) {
        element = number;
        ++count;
      }
    } else if (is_field(tensor, TensorField::floats, pbf_wire_type::fixed32)) {
      element = tensor.get_float();
      ++count;
    } else if (is_field(tensor, TensorField::content, kBytesWire)) {
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
  if (dtype != kFloatType || !scalar || count != 1) return std::nullopt;
  return element;
}

void read_value(pbf_message<ValueField> value, EventScalars& event) {
  std::string_view tag;
  std::optional<double> scalar;
  while (value.next()) {
    if (is_field(value, ValueField::tag, kBytesWire)) {
      tag = text(value.get_view());
    } else if (is_field(value, ValueField::simple_value, pbf_wire_type::fixed32)) {
      scalar = value.get_float();
    } else if (is_field(value, ValueField::tensor, kBytesWire)) {
      scalar = read_tensor(pbf_message<TensorField>(value.get_message()));
    } else {
      value.skip();
    }
  }
  if (scalar) event.scalars.push_back({tag, *scalar});
}

}  // namespace

std::vector<std::string_view> summary_tags(std::string_view summary) {
  std::vector<std::string_view> tags;
  try {
    for_each_value(data_of(summary), [&](pbf_message<ValueField> value) {
      while (value.next()) {
        if (is_field(value, ValueField::tag, kBytesWire)) {
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
    pbf_message<EventField> event{data_of(encoded)};
    while (event.next()) {
      if (is_field(event, EventField::step, kVarintWire)) {
        found.step = event.get_int64();
      } else if (is_field(event, EventField::summary, kBytesWire)) {
        for_each_value(event.get_view(), [&](const pbf_message<ValueField>& value) { read_value(value, found); });
      } else if (is_field(event, EventField::session_log, kBytesWire)) {
        constexpr std::int32_t kStart = 1;
        const pbf_message<SessionLogField> log(event.get_message());
        found.starts = enum_in(log, SessionLogField::status) == kStart;
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
