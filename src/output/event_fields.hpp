// event_fields.hpp: what the fields of TensorBoard's events are called, and how those of a message are told apart.
#ifndef RUNHOOK_SRC_OUTPUT_EVENT_FIELDS_HPP_
#define RUNHOOK_SRC_OUTPUT_EVENT_FIELDS_HPP_

#include <cstdint>
#include <protozero/pbf_message.hpp>
#include <string_view>

namespace runhook::inline v1 {
namespace detail {

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
  audio = 6,
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

// TensorField::dtype
inline constexpr std::int32_t kFloatType = 1;
inline constexpr std::int32_t kStringType = 7;

inline constexpr auto kBytesWire = protozero::pbf_wire_type::length_delimited;
inline constexpr auto kVarintWire = protozero::pbf_wire_type::varint;

inline protozero::data_view data_of(std::string_view text) noexcept { return {text.data(), text.size()}; }

// Whether the field at which `message` is has this number and type: what it has under another type is not read as this.
template <class Field>
bool is_field(const protozero::pbf_message<Field>& message, Field field, protozero::pbf_wire_type type) noexcept {
  return message.tag_and_type() == protozero::tag_and_type(field, type);
}

// The last value of an enumeration that a message has in a field; 0: it has none.
template <class Field>
std::int32_t enum_in(protozero::pbf_message<Field> message, Field field) {
  std::int32_t value = 0;
  while (message.next()) {
    if (is_field(message, field, kVarintWire)) {
      value = message.get_enum();
    } else {
      message.skip();
    }
  }
  return value;
}

// Calls `use` with each value of a summary. Throws protozero::exception.
template <class Use>
void for_each_value(const protozero::data_view& encoded, Use use) {
  protozero::pbf_message<SummaryField> summary{encoded};
  while (summary.next()) {
    if (is_field(summary, SummaryField::value, kBytesWire)) {
      use(protozero::pbf_message<ValueField>(summary.get_message()));
    } else {
      summary.skip();
    }
  }
}

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_OUTPUT_EVENT_FIELDS_HPP_
