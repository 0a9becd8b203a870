// The events of TensorBoard's files, as protocol buffers.
#ifndef RUNHOOK_SRC_OUTPUT_EVENT_HPP_
#define RUNHOOK_SRC_OUTPUT_EVENT_HPP_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "output/histogram.hpp"
#include "output/png.hpp"

namespace runhook::inline v1 {
namespace detail {

// When: seconds since 1970, and the global step.
struct EventTime {
  double wall_time = 0;
  std::int64_t step = 0;
};

// What a summary is of. Readers are told its kind with the first one of a tag.
struct SummaryTag {
  std::string_view name;
  bool first = false;
};

// All append one event to `buffer`.
void encode_version(std::string& buffer, double wall_time);  // has to be the first in a file
void encode_session_log(std::string& buffer, EventTime time, std::int32_t status, std::string_view checkpoint_path,
                        std::string_view message);
void encode_scalar(std::string& buffer, EventTime time, SummaryTag tag, float value);
void encode_histogram(std::string& buffer, EventTime time, SummaryTag tag, const Histogram& histogram);
void encode_picture(std::string& buffer, EventTime time, SummaryTag tag, const Picture& picture);
void encode_text(std::string& buffer, EventTime time, SummaryTag tag, std::string_view text);
void encode_summary(std::string& buffer, EventTime time, std::string_view summary);  // an encoded Summary

// The tags in an encoded Summary. Throws INVALID_ARGUMENT if it is none.
std::vector<std::string_view> summary_tags(std::string_view summary);

// What an event tells of scalars: simple values, and float tensors without dimensions.
struct EventScalars {
  struct Scalar {
    std::string_view tag;  // in the event
    double value;
  };
  std::int64_t step = 0;
  bool starts =
      false;  // a session begins here, which has gone back behind what was written of this step and later ones
  std::vector<Scalar> scalars;
};
EventScalars decode_scalars(std::string_view event);  // throws DATA_LOSS if it is no event

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_OUTPUT_EVENT_HPP_
