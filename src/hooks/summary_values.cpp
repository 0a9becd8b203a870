#include "hooks/summary_values.hpp"

#include <set>
#include <string_view>

#include "base/format.hpp"
#include "runhook/error.hpp"

namespace runhook::inline v1 {
namespace detail {

void SummaryValues::add(const std::vector<std::string>& names, Write how) {
  for (const std::string& name : names) items_.push_back({name, how});
}

void SummaryValues::finish() {
  std::set<std::string_view> seen;
  std::vector<Fetches> leaves;
  for (const Item& item : items_) {
    if (!seen.insert(item.name).second) {
      throw StatusError(StatusCode::invalid_argument,
                        fmt::format("'{}' is to be written as a summary twice", item.name));
    }
    leaves.emplace_back(item.name);
  }
  if (!leaves.empty()) fetches_ = Fetches::list(std::move(leaves));
}

void SummaryValues::write(std::span<const Value> values, SummaryWriter& writer, std::int64_t step,
                          const std::function<bool(const std::string& name)>& leave_out) const {
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (leave_out && leave_out(items_[i].name)) continue;
    try {
      items_[i].write(writer, items_[i].name, values[i], step);
    } catch (const StatusError& failure) {
      Error error = failure.error();
      error.prepend(fmt::format("summary '{}': ", items_[i].name));
      throw StatusError(error);
    }
  }
}

namespace {

std::string_view text_of(const Value& value, const char* what) {
  if (value.kind() == ValueKind::string || value.kind() == ValueKind::bytes) return value.text();
  throw StatusError(StatusCode::failed_precondition, what);
}

}  // namespace

void SummaryValues::write_text(SummaryWriter& writer, const std::string& name, const Value& value, std::int64_t step) {
  writer.add_text(name, text_of(value, "the value is not a text"), step);
}

void SummaryValues::write_encoded(SummaryWriter& writer, const std::string&, const Value& value, std::int64_t step) {
  writer.add_summary(text_of(value, "the value is not an encoded Summary"), step);
}

void check_destination(const std::shared_ptr<SummaryWriter>& writer, const std::string& directory) {
  if ((writer != nullptr) == directory.empty()) return;
  throw StatusError(StatusCode::invalid_argument, "exactly one of writer and directory must be given");
}

}  // namespace detail
}  // namespace runhook::inline v1
