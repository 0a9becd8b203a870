// The values that are fetched to be written as summaries.
#ifndef RUNHOOK_SRC_HOOKS_SUMMARY_VALUES_HPP_
#define RUNHOOK_SRC_HOOKS_SUMMARY_VALUES_HPP_

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runhook/run_args.hpp"
#include "runhook/summary_writer.hpp"

namespace runhook::inline v1 {
namespace detail {

// The names to fetch, and as which kind of summary each is written. The fetches are a list of the names, in order.
class SummaryValues {
 public:
  // Of the options of a hook. Throws INVALID_ARGUMENT for a name that is empty or given twice.
  template <class Options>
  explicit SummaryValues(const Options& options) {
    add(options.scalars,
        [](auto& writer, auto& name, auto& value, auto step) { writer.add_scalar(name, value.to_double(), step); });
    add(options.histograms,
        [](auto& writer, auto& name, auto& value, auto step) { writer.add_histogram(name, value, step); });
    add(options.texts, &write_text);
    add(options.images, [](auto& writer, auto& name, auto& value, auto step) { writer.add_image(name, value, step); });
    add(options.summaries, &write_encoded);
    finish();
  }

  bool empty() const noexcept { return items_.empty(); }
  const Fetches& fetches() const noexcept { return fetches_; }
  // Throws what the writer throws, and FAILED_PRECONDITION, for a value that does not fit; names it.
  void write(std::span<const Value> values, SummaryWriter& writer, std::int64_t step,
             const std::function<bool(const std::string& name)>& leave_out = {}) const;

 private:
  using Write = void (*)(SummaryWriter& writer, const std::string& name, const Value& value, std::int64_t step);
  struct Item {
    std::string name;
    Write write;
  };
  static void write_text(SummaryWriter& writer, const std::string& name, const Value& value, std::int64_t step);
  static void write_encoded(SummaryWriter& writer, const std::string& name, const Value& value, std::int64_t step);
  void add(const std::vector<std::string>& names, Write how);
  void finish();

  std::vector<Item> items_;
  Fetches fetches_;
};

// Throws INVALID_ARGUMENT for neither or both.
void check_destination(const std::shared_ptr<SummaryWriter>& writer, const std::string& directory);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_HOOKS_SUMMARY_VALUES_HPP_
