// Events as protocol buffers.
#include "output/event.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <protozero/pbf_writer.hpp>
#include <random>
#include <string>

#include "core/expect_error.hpp"
#include "event_file.hpp"

namespace runhook {
namespace {

using namespace runhook_test;
using protozero::pbf_writer;
using ::testing::ElementsAre;

TEST(Event, VersionIsTheOneThatReadersKnow) {
  std::string bytes;
  detail::encode_version(bytes, 1.5);
  const EventRead event = read_event(bytes);
  EXPECT_EQ(event.version, "brain.Event:2");
  EXPECT_EQ(event.wall_time, 1.5);
}

TEST(Event, SessionLogHasItsFields) {
  std::string bytes;
  detail::encode_session_log(bytes, {2.5, 7}, 3, "model/7", "saved");
  const EventRead event = read_event(bytes);
  EXPECT_EQ(event.wall_time, 2.5);
  EXPECT_EQ(event.step, 7);
  EXPECT_EQ(event.session_log, 3);
  EXPECT_EQ(event.checkpoint_path, "model/7");
}

TEST(Event, MetadataIsWithTheFirstOfATagOnly) {
  std::string first, second;
  detail::encode_scalar(first, {1, 2}, {"loss", true}, 0.5F);
  detail::encode_scalar(second, {1, 3}, {"loss", false}, 0.25F);
  EXPECT_EQ(read_event(first).values.at(0).plugin, "scalars");
  EXPECT_EQ(read_event(first).values.at(0).scalar, 0.5F);
  EXPECT_EQ(read_event(second).values.at(0).plugin, "");
  EXPECT_LT(second.size(), 40u);
}

TEST(Event, NegativeStepIsKept) {
  std::string bytes;
  detail::encode_scalar(bytes, {1, -5}, {"loss", false}, 1);
  EXPECT_EQ(read_event(bytes).step, -5);
  EXPECT_EQ(detail::decode_scalars(bytes).step, -5);
}

// An event with one value, whose content is written by `write`.
template <class Write>
std::string event_of(Write write) {
  std::string bytes;
  pbf_writer event(bytes);
  event.add_int64(2, 9);
  pbf_writer summary(event, 5);
  pbf_writer value(summary, 1);
  value.add_string(1, "m");
  write(value);
  return bytes;
}

// The scalars of an event, as text.
std::string scalars(const std::string& bytes) {
  const detail::EventScalars event = detail::decode_scalars(bytes);
  std::string text;
  for (const auto& [tag, value] : event.scalars) text += std::string(tag) + "=" + std::to_string(value) + " ";
  return text;
}

template <class Write>
std::string tensor_of(Write write) {
  return event_of([&](pbf_writer& value) {
    pbf_writer tensor(value, 8);
    write(tensor);
  });
}

TEST(Event, ScalarsAreSimpleValuesAndFloatsWithoutDimensions) {
  EXPECT_EQ(scalars(event_of([](pbf_writer& value) { value.add_float(2, 0.5F); })), "m=0.500000 ");
  const float half = 0.5F;
  const auto packed = [&](pbf_writer& tensor) { tensor.add_packed_float(5, &half, &half + 1); };
  const auto with_shape = [](pbf_writer& tensor, int dimensions) {
    pbf_writer shape(tensor, 2);
    for (int i = 0; i < dimensions; ++i) {
      pbf_writer dimension(shape, 2);
      dimension.add_int64(1, 1);
    }
  };
  EXPECT_EQ(scalars(tensor_of([&](pbf_writer& tensor) {
              tensor.add_enum(1, 1);
              with_shape(tensor, 0);
              packed(tensor);
            })),
            "m=0.500000 ");
  EXPECT_EQ(scalars(tensor_of([&](pbf_writer& tensor) {  // not packed, no shape, and the type last
              tensor.add_float(5, half);
              tensor.add_enum(1, 1);
            })),
            "m=0.500000 ");
  EXPECT_EQ(scalars(tensor_of([&](pbf_writer& tensor) {
              tensor.add_enum(1, 1);
              tensor.add_bytes(4, std::string("\0\0\0\x3f", 4));
            })),
            "m=0.500000 ");
  EXPECT_EQ(scalars(tensor_of([&](pbf_writer& tensor) {  // one dimension
              tensor.add_enum(1, 1);
              with_shape(tensor, 1);
              packed(tensor);
            })),
            "");
  EXPECT_EQ(scalars(tensor_of([&](pbf_writer& tensor) {  // another type
              tensor.add_enum(1, 3);
              packed(tensor);
            })),
            "");
  EXPECT_EQ(scalars(tensor_of([](pbf_writer& tensor) {  // no number
              tensor.add_enum(1, 1);
            })),
            "");
}

TEST(Event, WhatIsNoScalarIsPassedOver) {
  std::string text, histogram, log;
  detail::encode_text(text, {1, 2}, {"t", true}, "0.5");
  detail::encode_histogram(histogram, {1, 2}, {"h", true}, detail::make_histogram(std::vector<double>{1}));
  detail::encode_session_log(log, {1, 2}, 1, "", "");
  for (const std::string& bytes : {text, histogram, log}) EXPECT_EQ(scalars(bytes), "");
}

TEST(Event, BytesThatAreNoEventAreDataLoss) {
  EXPECT_STATUS(detail::decode_scalars("\xff"), data_loss, "not an event");
  EXPECT_STATUS(detail::decode_scalars(std::string_view("\x2a\x05\x0a", 3)), data_loss, "not an event");
}

TEST(Event, AnyBytesAreReadOrRefused) {
  std::string event;
  detail::encode_scalar(event, {1, 2}, {"loss", true}, 0.5F);
  const std::string tensor = tensor_of([](pbf_writer& writer) {
    writer.add_enum(1, 1);
    writer.add_float(5, 1);
  });
  std::mt19937 random(7);
  int refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = round % 2 == 0 ? event : tensor;
    for (unsigned flips = random() % 4; flips-- > 0;) bytes[random() % bytes.size()] = static_cast<char>(random());
    bytes.resize(bytes.size() - random() % 3);
    const Error error = error_of([&] { detail::decode_scalars(bytes); });
    if (!error) continue;
    ++refused;
    ASSERT_EQ(error.code(), StatusCode::data_loss);
  }
  EXPECT_GT(refused, 1000);
}

TEST(Event, TagsOfASummaryAreToldOrItIsRefused) {
  std::string summary;
  for (const char* tag : {"a", "b/c"}) {
    pbf_writer writer(summary);
    pbf_writer value(writer, 1);
    value.add_string(1, tag);
    value.add_float(2, 1);
  }
  EXPECT_THAT(detail::summary_tags(summary), ElementsAre("a", "b/c"));
  EXPECT_TRUE(detail::summary_tags("").empty());
  EXPECT_STATUS(detail::summary_tags("no summary"), invalid_argument, "not an encoded Summary");
}

}  // namespace
}  // namespace runhook
