// value_log.hpp: the values that were logged in the step in progress, until it has been completed.
#ifndef RUNHOOK_SRC_VALUE_VALUE_LOG_HPP_
#define RUNHOOK_SRC_VALUE_VALUE_LOG_HPP_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runhook/logged_value.hpp"
#include "value/name_index.hpp"

namespace runhook::inline v1 {
namespace detail {

// Throws INVALID_ARGUMENT for a name that cannot be logged: one that is empty, longer than 255 bytes, not UTF-8, has
// control characters, or is that of something every row has.
void check_logged_name(std::string_view name);
void check_logged_text(std::string_view text);  // throws INVALID_ARGUMENT if it is not UTF-8

// A value that has its texts with it.
struct OwnedValue {
  std::string name;
  LoggedValue value;  // but for the name and the text
  std::string text;
};

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

  // What was logged since the last take() or drop(), in order, as of this step, and after it what has been received.
  // Valid until the next change.
  std::span<const LoggedValue> take(std::int64_t step, bool failed) noexcept;
  std::span<const LoggedValue> peek(std::int64_t step, bool failed) noexcept;  // the same, and it stays
  void drop() noexcept;                                                        // but not what has been received
  // What other threads have logged: not of the step in progress. `get` swaps its values for an empty vector. Returns how
  // many of them have to be dropped, because their names were used for another kind or for want of memory.
  template <typename Get>
  std::size_t receive(Get&& get) noexcept {
    if (std::exchange(received_taken_, false)) received_.clear();
    incoming_.clear();
    get(incoming_);
    return keep_incoming();
  }
  std::vector<std::string_view> names() const;  // that were logged so far
  bool has_received() const noexcept { return !received_.empty() && !received_taken_; }
  // NULL if the name was not logged in this step.
  const LoggedValue* find(std::string_view name) noexcept;

 private:
  struct Entry {
    LoggedKind kind;
    bool staged = false;
    LoggedValue value;  // but for the name and the text
    std::string text;
  };
  void add(std::string_view name, double number);
  void add(std::string_view name, std::int64_t integer);
  void add(std::string_view name, std::string_view text);
  Entry& stage(std::string_view name, LoggedKind kind);
  std::size_t index_of(std::string_view name, LoggedKind kind);  // throws INVALID_ARGUMENT if it is of another kind
  std::size_t keep_incoming() noexcept;

  bool& logged_;
  NameIndex names_;
  std::vector<Entry> entries_;  // in the order of names_
  std::vector<std::size_t> staged_;
  std::vector<LoggedValue> taken_;
  std::vector<OwnedValue> received_;
  bool received_taken_ = false;  // they are over with the next change
  std::vector<OwnedValue> incoming_;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_VALUE_VALUE_LOG_HPP_
