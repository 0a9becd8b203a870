#include "checkpoint/safetensors.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "base/format.hpp"
#include "base/one_line.hpp"
#include "base/refuse.hpp"
#include "base/utf8.hpp"
#include "output/json_text.hpp"
#include "runhook/error.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

constexpr std::string_view kMetadata = "__metadata__";
constexpr std::uint64_t kDataAlignment = 64;

struct NamedType {
  std::string_view name;
  DType dtype;
};
constexpr std::array<NamedType, 14> kTypes{{{"BOOL", DType::boolean},
                                            {"U8", DType::uint8},
                                            {"I8", DType::int8},
                                            {"I16", DType::int16},
                                            {"U16", DType::uint16},
                                            {"F16", DType::float16},
                                            {"BF16", DType::bfloat16},
                                            {"I32", DType::int32},
                                            {"U32", DType::uint32},
                                            {"F32", DType::float32},
                                            {"F64", DType::float64},
                                            {"I64", DType::int64},
                                            {"U64", DType::uint64},
                                            {"C64", DType::complex64}}};

const NamedType* type_of(DType dtype) noexcept {
  const auto found = std::find_if(kTypes.begin(), kTypes.end(), [&](const NamedType& t) { return t.dtype == dtype; });
  return found == kTypes.end() ? nullptr : &*found;
}

const NamedType* type_called(std::string_view name) noexcept {
  const auto found = std::find_if(kTypes.begin(), kTypes.end(), [&](const NamedType& t) { return t.name == name; });
  return found == kTypes.end() ? nullptr : &*found;
}

[[noreturn]] void lose(std::string_view why) {
  fail(StatusCode::data_loss, fmt::format("no safetensors file: {}", why));
}

// Returns false if the tensor has more bytes than a file can.
bool count_bytes(const SafetensorsEntry& tensor, std::uint64_t& bytes) noexcept {
  bytes = dtype_size(tensor.dtype);
  for (const std::int64_t extent : tensor.shape) {
    if (extent < 0 || __builtin_mul_overflow(bytes, static_cast<std::uint64_t>(extent), &bytes)) return false;
  }
  return true;
}

// Reads {"name": {"dtype": text, "shape": [numbers], "data_offsets": [two numbers]}, "__metadata__": {texts}}.
class HeaderReader final : public JsonEvents {
 public:
  explicit HeaderReader(SafetensorsHeader& header) noexcept : header_(header) {}
  const std::string& complaint() const noexcept { return complaint_; }
  bool unknown_type() const noexcept { return unknown_type_; }

  bool begin_object() override {
    switch (place_) {
      case Place::outside:
        place_ = Place::file;
        return true;
      case Place::file:
        place_ = name_ == kMetadata ? Place::metadata : Place::tensor;
        tensor_ = {};
        seen_ = 0;
        return true;
      default:
        return complain("there is an object where none belongs");
    }
  }
  bool end_object() override {
    if (place_ == Place::tensor) {
      constexpr unsigned kAll = kDType | kShape | kOffsets;
      if (seen_ != kAll || offsets_ != 2) return complain("a tensor lacks its type, shape or place");
      tensor_.name = std::move(name_);
      header_.tensors.push_back(std::move(tensor_));
    }
    place_ = place_ == Place::file ? Place::outside : Place::file;
    return true;
  }
  bool begin_array() override {
    if (place_ != Place::member || (member_ != kShape && member_ != kOffsets))
      return complain("a list is out of place");
    place_ = Place::list;
    offsets_ = member_ == kOffsets ? 0 : offsets_;
    return true;
  }
  bool end_array() override {
    place_ = Place::tensor;
    return true;
  }
  bool key(std::string& text) override {
    if (place_ == Place::file) {
      if (text == kMetadata && std::exchange(has_metadata_, true)) return complain("a name is there twice");
      name_ = std::move(text);
      return true;
    }
    if (place_ == Place::metadata) {
      member_name_ = std::move(text);
      return header_.metadata.count(member_name_) == 0 || complain("a name is there twice");
    }
    member_ = text == "dtype" ? kDType : text == "shape" ? kShape : text == "data_offsets" ? kOffsets : 0;
    if (member_ == 0) return complain("a tensor has a member that the format does not know");
    if ((seen_ & member_) != 0) return complain("a member of a tensor is there twice");
    seen_ |= member_;
    place_ = Place::member;
    return true;
  }
  bool text(std::string& value) override {
    if (place_ == Place::metadata) {
      header_.metadata.emplace(std::move(member_name_), std::move(value));
      return true;
    }
    if (place_ != Place::member || member_ != kDType) return complain("a text is out of place");
    const NamedType* const type = type_called(value);
    if (type == nullptr) {
      unknown_type_ = true;
      return complain(fmt::format("elements of type '{}'", value.substr(0, kMostShown)));
    }
    tensor_.dtype = type->dtype;
    place_ = Place::tensor;
    return true;
  }
  bool count(std::uint64_t number) override {
    if (place_ != Place::list) return complain("a number is out of place");
    if (member_ == kShape) {
      if (number > INT64_MAX || tensor_.shape.size() == Value::kMaxRank) return complain("a shape is too large");
      tensor_.shape.push_back(static_cast<std::int64_t>(number));
      return true;
    }
    if (offsets_ == 2) return complain("a tensor has more than two offsets");
    (offsets_++ == 0 ? tensor_.begin : tensor_.end) = number;
    return true;
  }
  bool number(double) override { return complain("a number is negative or no whole one"); }
  bool other() override { return complain("true, false or null is out of place"); }

 private:
  enum class Place { outside, file, metadata, tensor, member, list };
  static constexpr unsigned kDType = 1, kShape = 2, kOffsets = 4;
  static constexpr std::size_t kMostShown = 40;

  bool complain(std::string text) {
    complaint_ = std::move(text);
    return false;
  }

  SafetensorsHeader& header_;
  Place place_ = Place::outside;
  std::string name_, member_name_;
  SafetensorsEntry tensor_;
  unsigned seen_ = 0, member_ = 0;
  int offsets_ = 0;
  std::string complaint_;
  bool unknown_type_ = false;
  bool has_metadata_ = false;
};

void check_places(SafetensorsHeader& header, std::uint64_t file_bytes) {
  std::sort(header.tensors.begin(), header.tensors.end(),
            [](const auto& a, const auto& b) { return a.begin != b.begin ? a.begin < b.begin : a.end < b.end; });
  std::uint64_t at = 0;
  for (const SafetensorsEntry& tensor : header.tensors) {
    std::uint64_t bytes = 0;
    if (tensor.begin != at || tensor.end < tensor.begin) lose("the data of tensors overlaps, or has gaps");
    if (!count_bytes(tensor, bytes) || tensor.end - tensor.begin != bytes) {
      lose("a tensor has not as many bytes as its type and shape say");
    }
    at = tensor.end;
  }
  if (at != file_bytes - header.data_begin) lose("it is longer or shorter than its tensors");
}

void check_names(const SafetensorsHeader& header) {
  std::vector<std::string_view> names;
  names.reserve(header.tensors.size());
  for (const SafetensorsEntry& tensor : header.tensors) names.emplace_back(tensor.name);
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end()) lose("a name is there twice");
}

}  // namespace

const SafetensorsEntry* SafetensorsHeader::find(std::string_view name) const noexcept {
  const auto found = std::find_if(tensors.begin(), tensors.end(), [&](const auto& t) { return t.name == name; });
  return found == tensors.end() ? nullptr : &*found;
}

bool has_safetensors_dtype(DType dtype) noexcept { return type_of(dtype) != nullptr; }

std::string lay_out_safetensors(SafetensorsHeader& header) {
  std::sort(header.tensors.begin(), header.tensors.end(), [](const auto& a, const auto& b) {
    const std::size_t size_a = dtype_size(a.dtype), size_b = dtype_size(b.dtype);
    return size_a != size_b ? size_a > size_b : a.name < b.name;
  });
  std::string json = "{";
  if (!header.metadata.empty()) {
    JsonObject metadata(",");
    for (const auto& [key, text] : header.metadata) metadata.add_text(key, text);
    append_format(json, "\"{}\":{}", kMetadata, metadata.text());
  }
  std::set<std::string_view> names;
  std::uint64_t at = 0;
  for (SafetensorsEntry& tensor : header.tensors) {
    if (!is_utf8(tensor.name)) {
      refuse(fmt::format("the name '{}' of a variable or a state is not UTF-8", one_line(tensor.name)));
    }
    if (tensor.name == kMetadata) refuse(fmt::format("no variable can be called '{}'", kMetadata));
    if (!names.insert(tensor.name).second) refuse(fmt::format("there are two variables '{}'", tensor.name));
    std::uint64_t bytes = 0;
    if (!count_bytes(tensor, bytes)) refuse(fmt::format("variable '{}' is too large", tensor.name));
    tensor.begin = at;
    tensor.end = at += bytes;
    if (json.size() > 1) json += ',';
    append_format(json, "{}:{{\"dtype\":\"{}\",\"shape\":[", json_string(tensor.name), type_of(tensor.dtype)->name);
    for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
      append_format(json, "{}{}", i == 0 ? "" : ",", tensor.shape[i]);
    }
    append_format(json, "],\"data_offsets\":[{},{}]}}", tensor.begin, tensor.end);
  }
  json += '}';
  const std::uint64_t unpadded = SafetensorsHeader::kLengthBytes + json.size();
  header.data_begin = (unpadded + kDataAlignment - 1) / kDataAlignment * kDataAlignment;
  json.append(header.data_begin - unpadded, ' ');
  if (json.size() > SafetensorsHeader::kMostBytes) refuse("there are more variables than a safetensors file can have");
  std::string begin(SafetensorsHeader::kLengthBytes, '\0');
  for (std::size_t i = 0; i < begin.size(); ++i) begin[i] = static_cast<char>(json.size() >> (8 * i) & 0xFF);
  return begin + json;
}

std::uint64_t safetensors_json_bytes(std::string_view first_eight, std::uint64_t file_bytes) {
  if (first_eight.size() != SafetensorsHeader::kLengthBytes) lose("it is shorter than eight bytes");
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < first_eight.size(); ++i) {
    bytes |= std::uint64_t{static_cast<unsigned char>(first_eight[i])} << (8 * i);
  }
  const std::uint64_t others = file_bytes - std::min(file_bytes, SafetensorsHeader::kLengthBytes);
  if (bytes > SafetensorsHeader::kMostBytes || bytes > others) {
    lose("its header is longer than the file, or than the format allows");
  }
  return bytes;
}

SafetensorsHeader parse_safetensors(std::string_view json, std::uint64_t file_bytes) {
  if (!json.starts_with('{')) lose("its header is no object");
  SafetensorsHeader header;
  header.data_begin = SafetensorsHeader::kLengthBytes + json.size();
  if (file_bytes < header.data_begin) lose("its header is longer than the file");
  HeaderReader reader(header);
  std::string why;
  if (!parse_json(json, reader, &why)) {
    if (reader.unknown_type()) fail(StatusCode::unimplemented, reader.complaint() + " cannot be read");
    lose(reader.complaint().empty() ? "its header: " + why : reader.complaint());
  }
  check_names(header);
  check_places(header, file_bytes);
  return header;
}

}  // namespace detail
}  // namespace runhook::inline v1
