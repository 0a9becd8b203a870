// value_log.hpp: the values that were logged in the step in progress, until it has been completed.
#ifndef RUNHOOK_SRC_VALUE_VALUE_LOG_HPP_
#define RUNHOOK_SRC_VALUE_VALUE_LOG_HPP_

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runhook/logged_value.hpp"

namespace runhook::inline v1 {
namespace detail {

// Throws INVALID_ARGUMENT for a name that cannot be logged: one that is empty, longer than 255 bytes, not UTF-8, has
// control characters, or is that of something every row has.
void check_logged_name(std::string_view name);

// Once its names are known it needs no memory.
class ValueLog {
 public:
  // `logged` is set with every value.
  explicit ValueLog(bool& logged) noexcept : logged_(logged) {}

  // Whether anybody wants the values; otherwise names are checked and the values dropped.
  bool wanted = true;

  // Of a name that is logged twice, the last counts. Throws INVALID_ARGUMENT for a name that cannot be, or that was used
  // for another kind of value.
  template <typename T>
  void log(std::string_view name, T value) {
    if (!wanted) return check_logged_name(name);
    add(name, value);
    logged_ = true;
  }

  bool empty() const noexcept { return staged_.empty(); }
  // What was logged since the last take() or drop(), in order, as of this step. Valid until the next change.
  std::span<const LoggedValue> take(std::int64_t step, bool failed) noexcept;
  std::span<const LoggedValue> peek(std::int64_t step, bool failed) noexcept;  // the same, and it stays
  void drop() noexcept;
  // NULL if the name was not logged in this step.
  const LoggedValue* find(std::string_view name) const noexcept;

 private:
  struct Entry {
    std::string name;
    LoggedKind kind;
    bool staged = false;
    LoggedValue value;
    std::string text;
  };
  void add(std::string_view name, double number);
  void add(std::string_view name, std::int64_t integer);
  void add(std::string_view name, std::string_view text);
  Entry& stage(std::string_view name, LoggedKind kind);
  std::size_t index_of(std::string_view name, LoggedKind kind);

  bool& logged_;
  std::vector<Entry> entries_;
  std::map<std::string, std::size_t, std::less<>> index_;
  std::size_t expected_ = 0;  // the entry that comes next if names come in the order of the last step
  std::vector<std::size_t> staged_;
  std::vector<LoggedValue> taken_;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_VALUE_VALUE_LOG_HPP_
