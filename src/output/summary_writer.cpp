#include "runhook/summary_writer.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/format.hpp"
#include "base/monotonic.hpp"
#include "base/utf8.hpp"
#include "output/event.hpp"
#include "output/process_facts.hpp"
#include "output/tfrecord.hpp"
#include "runhook/run_context.hpp"

namespace runhook::inline v1 {

namespace {

std::chrono::nanoseconds wall_time() noexcept { return std::chrono::system_clock::now().time_since_epoch(); }

std::string host_in_a_file_name() {
  std::string name = detail::host_name();
  std::replace(name.begin(), name.end(), '/', '_');
  return name.empty() ? "localhost" : name;
}

// Files of one directory are read in the order of their names, so the name begins with the time. The fraction of a
// second makes the names of one process different.
std::string file_name(std::chrono::nanoseconds now, const std::string& suffix) {
  return fmt::format("events.out.tfevents.{:010}.{}.{}.{:09}{}{}", now.count() / detail::kNsPerSecond,
                     host_in_a_file_name(), getpid(), now.count() % detail::kNsPerSecond, suffix.empty() ? "" : ".",
                     suffix);
}

std::shared_ptr<Output> open(const std::string& directory, SummaryWriterOptions options) {
  if (directory.empty()) {
    throw StatusError(StatusCode::invalid_argument, "the directory of a summary writer is empty");
  }
  if (options.suffix.find('/') != std::string::npos) {
    throw StatusError(StatusCode::invalid_argument, "the suffix of an event file has a '/'");
  }
  const std::chrono::nanoseconds now = wall_time();
  std::string& header = options.output.header;
  detail::begin_record(header);
  detail::encode_version(header, detail::in_seconds(now.count()));
  detail::finish_record(header);
  options.output.lines = false;
  return Output::file(fmt::format("{}/{}", directory, file_name(now, options.suffix)), std::move(options.output));
}

void check(std::string_view tag) {
  if (tag.empty()) throw StatusError(StatusCode::invalid_argument, "the tag of a summary is empty");
  if (!detail::is_utf8(tag)) throw StatusError(StatusCode::invalid_argument, "the tag of a summary is not UTF-8");
}

}  // namespace

struct SummaryWriter::State {
  enum class Kind { scalar, histogram, text, image, encoded };

  struct Tag {
    Kind kind = Kind::scalar;
    bool written = false;
    std::int64_t step = std::numeric_limits<std::int64_t>::min();  // of the last value
  };

  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
  };

  State(const std::string& directory, SummaryWriterOptions options) : output(open(directory, std::move(options))) {}

  // Writes a value which `encode(time, tag)` encodes into the buffer.
  template <class Encode>
  bool add(Kind kind, std::string_view name, std::int64_t step, Encode encode);
  // The tag, if a value of this kind may be written at this step; else NULL, and the reason is kept.
  Tag* admit(Kind kind, std::string_view name, std::int64_t step);
  template <class Encode>
  bool write(std::int64_t step, Encode encode);
  Error take_refusal() noexcept {
    const std::lock_guard lock(mutex);
    return std::exchange(refusal, Error());
  }

  const std::shared_ptr<Output> output;
  std::mutex mutex;  // guards the rest
  std::string buffer;
  std::unordered_map<std::string, Tag, TextHash, std::equal_to<>> tags;
  std::uint64_t refused = 0;
  Error refusal;  // the first one, until it has been told
};

SummaryWriter::State::Tag* SummaryWriter::State::admit(Kind kind, std::string_view name, std::int64_t step) {
  auto found = tags.find(name);
  if (found == tags.end()) found = tags.emplace(name, Tag{.kind = kind}).first;
  Tag& tag = found->second;
  const bool other_kind = tag.written && tag.kind != kind;
  if (!other_kind && step >= tag.step) {
    tag.kind = kind;
    return &tag;
  }
  if (refused++ == 0) {
    refusal = Error(StatusCode::failed_precondition,
                    other_kind ? fmt::format("summary '{}' was begun with values of another kind: not written", name)
                               : fmt::format("summary '{}' of step {} comes after that of step {}: not written", name,
                                             step, tag.step));
  }
  return nullptr;
}

template <class Encode>
bool SummaryWriter::State::write(std::int64_t step, Encode encode) {
  detail::begin_record(buffer);
  encode(detail::EventTime{detail::in_seconds(wall_time().count()), step});
  detail::finish_record(buffer);
  return output->write(buffer);
}

template <class Encode>
bool SummaryWriter::State::add(Kind kind, std::string_view name, std::int64_t step, Encode encode) {
  const std::lock_guard lock(mutex);
  Tag* const tag = admit(kind, name, step);
  if (tag == nullptr) return false;
  const bool taken = write(step, [&](detail::EventTime time) {
    encode(buffer, time, detail::SummaryTag{name, !tag->written});
  });
  if (!taken) return false;
  tag->written = true;
  tag->step = step;
  return true;
}

SummaryWriter::SummaryWriter(const std::string& directory, SummaryWriterOptions options)
    : state_(std::make_unique<State>(directory, std::move(options))) {}

SummaryWriter::~SummaryWriter() { close(); }

bool SummaryWriter::add_scalar(std::string_view tag, double value, std::int64_t step) {
  check(tag);
  return state_->add(State::Kind::scalar, tag, step, [value](auto& buffer, const auto& time, const auto& about) {
    detail::encode_scalar(buffer, time, about, static_cast<float>(value));
  });
}

bool SummaryWriter::add_histogram(std::string_view tag, const Value& tensor, std::int64_t step) {
  check(tag);
  const detail::Histogram made = detail::make_histogram(tensor);
  return state_->add(State::Kind::histogram, tag, step, [&made](auto& buffer, const auto& time, const auto& about) {
    detail::encode_histogram(buffer, time, about, made);
  });
}

bool SummaryWriter::add_histogram(std::string_view tag, std::span<const double> numbers, std::int64_t step) {
  check(tag);
  const detail::Histogram made = detail::make_histogram(numbers);
  return state_->add(State::Kind::histogram, tag, step, [&made](auto& buffer, const auto& time, const auto& about) {
    detail::encode_histogram(buffer, time, about, made);
  });
}

bool SummaryWriter::add_text(std::string_view tag, std::string_view text, std::int64_t step) {
  check(tag);
  return state_->add(State::Kind::text, tag, step, [text](auto& buffer, const auto& time, const auto& about) {
    detail::encode_text(buffer, time, about, text);
  });
}

bool SummaryWriter::add_image(std::string_view tag, const Value& image, std::int64_t step) {
  check(tag);
  const detail::Picture made = detail::encode_png(image);
  return state_->add(State::Kind::image, tag, step, [&made](auto& buffer, const auto& time, const auto& about) {
    detail::encode_picture(buffer, time, about, made);
  });
}

bool SummaryWriter::add_summary(std::string_view encoded, std::int64_t step) {
  const auto names = detail::summary_tags(encoded);
  for (const std::string_view name : names) check(name);
  State& state = *state_;
  const std::lock_guard lock(state.mutex);
  for (const std::string_view name : names) {
    if (state.admit(State::Kind::encoded, name, step) == nullptr) return false;
  }
  const auto encode = [&](detail::EventTime time) { detail::encode_summary(state.buffer, time, encoded); };
  if (!state.write(step, encode)) return false;
  for (const std::string_view name : names) {
    State::Tag& tag = state.tags.find(name)->second;
    tag.written = true;
    tag.step = step;
  }
  return true;
}

bool SummaryWriter::add_session_log(SessionLogStatus status, std::int64_t step, std::string_view checkpoint_path,
                                    std::string_view message) {
  if (!detail::is_utf8(checkpoint_path) || !detail::is_utf8(message)) {
    throw StatusError(StatusCode::invalid_argument, "the text of a session log is not UTF-8");
  }
  State& state = *state_;
  const std::lock_guard lock(state.mutex);
  // Readers discard what has the step of the event, too, and that step was made.
  const bool starts = status == SessionLogStatus::start;
  const bool taken = state.write(starts ? detail::saturating_add(step, 1) : step, [&](detail::EventTime time) {
    detail::encode_session_log(state.buffer, time, static_cast<std::int32_t>(status), checkpoint_path, message);
  });
  if (taken && starts) {
    for (auto& [name, tag] : state.tags) tag.step = std::min(tag.step, step);
  }
  return taken;
}

void SummaryWriter::flush() noexcept { state_->output->flush(); }
bool SummaryWriter::sync() noexcept { return state_->output->sync(); }
bool SummaryWriter::close() noexcept { return state_->output->close(); }
const std::string& SummaryWriter::path() const noexcept { return state_->output->name(); }

std::uint64_t SummaryWriter::dropped() const noexcept {
  const std::lock_guard lock(state_->mutex);
  return state_->output->dropped() + state_->refused;
}

Error SummaryWriter::take_failure() noexcept {
  if (Error refusal = state_->take_refusal()) return refusal;
  return state_->output->take_failure();
}

void SummaryWriter::report_to(SessionRunContext& context) {
  if (const Error refusal = state_->take_refusal()) context.warn(refusal);
  state_->output->report_to(context);
}

}  // namespace runhook::inline v1
