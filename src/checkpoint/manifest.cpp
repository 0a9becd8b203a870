#include "checkpoint/manifest.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "base/format.hpp"
#include "base/refuse.hpp"
#include "output/crc32c.hpp"
#include "output/json_csv_values.hpp"
#include "output/json_text.hpp"
#include "runhook/error.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

constexpr std::string_view kSchema = "runhook/checkpoint";
constexpr std::uint64_t kManifestFormat = 1;
constexpr std::string_view kVariables = "variables";
constexpr std::string_view kState = "state";
// The last member: the checksum of all that stands before it.
constexpr std::string_view kChecksumBegin = ",\n  \"crc32c\": \"";
constexpr std::string_view kChecksumEnd = "\"\n}\n";
constexpr std::size_t kHexDigits = 8;

[[noreturn]] void reject(std::string_view why) { fail(StatusCode::data_loss, fmt::format("the manifest {}", why)); }

std::string hex(std::uint32_t number) { return fmt::format("{:08x}", number); }

bool parse_hex(std::string_view text, std::uint32_t& number) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  return text.size() == kHexDigits && error == std::errc() && end == text.data() + text.size() && hex(number) == text;
}

// JSON has no numbers that are not finite.
std::string number_in_json(double number) {
  if (!std::isfinite(number)) return fmt::format("\"{}\"", non_finite_text(number));
  if (number == 0) return std::signbit(number) ? "-0.0" : "0";  // "-0" would be read as a whole number
  return fmt::format("{}", number);
}

bool parse_not_finite(std::string_view text, double& number) noexcept {
  using Limits = std::numeric_limits<double>;
  for (const double one : {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity()}) {
    if (text != non_finite_text(one)) continue;
    number = one;
    return true;
  }
  return false;
}

bool is_file_name(std::string_view name) noexcept {
  return !name.empty() && name.front() != '.' && name.find('/') == std::string_view::npos && name != kManifestName;
}

// A member that is not known is left out: a later release may have added it.
class ManifestReader final : public JsonEvents {
 public:
  explicit ManifestReader(Manifest& manifest) noexcept : manifest_(manifest) {}
  bool has_all() const noexcept { return schema_ && format_ != 0 && has_step_; }
  bool is_of_later_format() const noexcept { return schema_ && format_ > kManifestFormat; }

  bool begin_object() override {
    if (depth() == 3 && in("files")) {
      manifest_.files.emplace_back();
      file_key_.clear();
    }
    return true;
  }
  bool key(std::string& text) override {
    if (depth() == 1) {
      member_ = std::move(text);
    } else if (depth() == 2 && in("metrics")) {
      metric_ = std::move(text);
    } else if (depth() == 3 && in("files")) {
      file_key_ = std::move(text);
    }
    return true;
  }
  bool text(std::string& value) override {
    if (depth() == 1 && member_ == "schema") schema_ = value == kSchema;
    if (depth() == 2 && in("metrics"))
      return parse_not_finite(value, manifest_.metrics.emplace_back(metric_, 0).second);
    if (in_file() && file_key_ == "kind") {
      if (value != kVariables && value != kState) return false;
      manifest_.files.back().kind = value == kState ? ManifestFile::Kind::state : ManifestFile::Kind::variables;
    }
    if (depth() == 4 && in("files") && file_key_ == "crc32c") {
      return parse_hex(value, manifest_.files.back().pieces.emplace_back());
    }
    if (depth() == 1 && member_ == "session") {
      manifest_.session = std::move(value);
    } else if (in_file() && file_key_ == "name") {
      manifest_.files.back().name = std::move(value);
    }
    return true;
  }
  bool count(std::uint64_t number) override {
    if (depth() == 1 && member_ == "format") format_ = number;
    if (depth() == 1 && member_ == "step") return has_step_ = keep(number, manifest_.step);
    if (depth() == 1 && member_ == "saved_unix_ns") return keep(number, manifest_.saved_unix_ns);
    if (depth() == 1 && member_ == "piece_bytes") return keep(number, manifest_.piece_bytes);
    if (in_file() && file_key_ == "bytes") manifest_.files.back().bytes = number;
    if (depth() == 2 && in("metrics")) manifest_.metrics.emplace_back(metric_, static_cast<double>(number));
    return true;
  }
  bool number(double number) override {
    if (depth() == 2 && in("metrics")) manifest_.metrics.emplace_back(metric_, number);
    return true;
  }
  bool other() override { return true; }

 private:
  // Returns false for one that no number of ours is.
  template <typename Integer>
  static bool keep(std::uint64_t number, Integer& member) noexcept {
    if (number > INT64_MAX) return false;
    member = static_cast<Integer>(number);
    return true;
  }
  bool in(std::string_view member) const noexcept { return member_ == member; }
  bool in_file() const noexcept { return depth() == 3 && in("files") && !manifest_.files.empty(); }

  Manifest& manifest_;
  std::string member_, metric_, file_key_;
  bool schema_ = false;
  std::uint64_t format_ = 0;
  bool has_step_ = false;
};

}  // namespace

std::string manifest_text(const Manifest& manifest) {
  std::string files;
  for (const ManifestFile& file : manifest.files) {
    std::string pieces;
    for (const std::uint32_t piece : file.pieces)
      append_format(pieces, "{}\"{}\"", pieces.empty() ? "" : ", ", hex(piece));
    JsonObject entry;
    entry.add_text("name", file.name);
    entry.add_text("kind", file.kind == ManifestFile::Kind::state ? kState : kVariables);
    entry.add("bytes", std::to_string(file.bytes));
    entry.add("crc32c", "[" + pieces + "]");
    append_format(files, "{}\n    {}", files.empty() ? "" : ",", entry.text());
  }
  JsonObject metrics;
  for (const auto& [name, number] : manifest.metrics) metrics.add(name, number_in_json(number));
  JsonObject all(",\n  ");
  all.add_text("schema", kSchema);
  all.add_number("format", std::int64_t{kManifestFormat});
  all.add_number("step", manifest.step);
  all.add_number("saved_unix_ns", manifest.saved_unix_ns);
  all.add_text("session", manifest.session);
  all.add_number("piece_bytes", static_cast<std::int64_t>(manifest.piece_bytes));
  all.add("metrics", metrics.text());
  all.add("files", "[" + files + "]");
  std::string text = "{\n  " + all.members();
  const std::uint32_t checksum = crc32c(text);
  append_format(text, "{}{}{}", kChecksumBegin, hex(checksum), kChecksumEnd);
  return text;
}

Manifest parse_manifest(std::string_view text) {
  constexpr std::size_t kTail = kChecksumBegin.size() + kHexDigits + kChecksumEnd.size();
  if (text.size() < kTail) reject("is cut off");
  const std::string_view checked = text.substr(0, text.size() - kTail);
  const std::string_view tail = text.substr(checked.size());
  std::uint32_t checksum = 0;
  if (!tail.starts_with(kChecksumBegin) || !tail.ends_with(kChecksumEnd) ||
      !parse_hex(tail.substr(kChecksumBegin.size(), kHexDigits), checksum)) {
    reject("is cut off, or does not end as it was written");
  }
  if (crc32c(checked) != checksum) reject("is not as it was written: its checksum is another one");
  Manifest manifest;
  manifest.piece_bytes = 0;  // it has to say
  ManifestReader reader(manifest);
  const bool is_read = parse_json(text, reader);
  if (reader.is_of_later_format()) fail(StatusCode::unimplemented, "it was written by a later release of runhook");
  if (!is_read || !reader.has_all()) reject("does not say what it should");
  if (manifest.piece_bytes == 0) reject("does not say what it should");
  for (const ManifestFile& file : manifest.files) {
    const std::uint64_t pieces = file.bytes / manifest.piece_bytes + (file.bytes % manifest.piece_bytes == 0 ? 0 : 1);
    if (!is_file_name(file.name) || file.pieces.size() != pieces) reject("does not say what it should of a file");
  }
  return manifest;
}

}  // namespace detail
}  // namespace runhook::inline v1
