// newest_values.hpp: the newest logged value of each name, kept by an output until it is due.
#ifndef RUNHOOK_SRC_HOOKS_NEWEST_VALUES_HPP_
#define RUNHOOK_SRC_HOOKS_NEWEST_VALUES_HPP_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runhook/logged_value.hpp"
#include "runhook/value.hpp"
#include "value/name_index.hpp"

namespace runhook::inline v1 {
namespace detail {

// A value that is logged rarely is written whenever it is logged, dense ones are thinned, and none moves to the row of
// another step. Needs no memory once the names are known.
class NewestValues {
 public:
  struct Kept {
    std::string_view name;
    std::string text;
    LoggedValue value;  // but for the name and the text
    std::int64_t time_ns = 0;
    std::uint64_t delivery = 0;  // with which it came
    bool waits = false;          // to be written
    bool undone = false;         // of a step that was undone by a recovery

    Value to_value() const;
  };

  // Notes what a step, or several, have logged. Of values of one name the one of the latest step is kept; if `every` one
  // is to be written, or some are `due` and come together, `write` is called before one is replaced that is of another
  // step. Returns whether a name is new: its first value is to be written at once. `time_ns` is kept with the values.
  template <typename Write>
  bool note(std::span<const LoggedValue> values, std::int64_t time_ns, bool every, bool due, Write&& write) {
    ++deliveries_;
    bool is_new = false;
    for (const LoggedValue& value : values) {
      Kept& kept = kept_of(value.name, is_new);
      if (kept.waits && kept.value.step != value.step) {
        if (every || (due && kept.delivery == deliveries_)) {
          write();
        } else if (value.step < kept.value.step) {
          continue;
        }
      }
      keep(kept, value, time_ns);
    }
    return is_new;
  }
  // The run goes on from this step: what was logged in later ones does not count any more.
  void rewind(std::int64_t step) noexcept {
    for (Kept& kept : kept_) {
      kept.undone = kept.undone || kept.value.step > step;
      if (kept.undone) kept.waits = false;
    }
  }
  bool empty() const noexcept { return kept_.empty(); }
  bool has(std::string_view name) const noexcept { return names_.has(name); }
  const std::vector<Kept>& all() const noexcept { return kept_; }

  // Hands out what waits, in the order of steps: all values of one step in a call write(kept), kept being a list of
  // pointers.
  template <typename Write>
  void write(Write&& write) {
    sort_waiting();
    for (std::size_t begin = 0; begin < waiting_.size();) {
      std::size_t end = begin + 1;
      while (end < waiting_.size() && waiting_[end]->value.step == waiting_[begin]->value.step) ++end;
      write(std::span<Kept* const>(waiting_).subspan(begin, end - begin));
      begin = end;
    }
    for (Kept* const kept : waiting_) kept->waits = false;
  }

  // What waits of this step and those before it does not wait any more.
  void drop_until(std::int64_t step) noexcept {
    for (Kept& kept : kept_) kept.waits = kept.waits && kept.value.step > step;
  }
  // All of it but what was undone, as text, for the checkpoint of a run; and what a run has that goes on from there.
  // `waiting`: what waits is to be written then, too. restore() throws INVALID_ARGUMENT for any other text.
  std::string save(bool waiting) const;
  static bool is_saved(std::string_view text) noexcept;  // whether it looks like that
  void restore(std::string_view saved, std::int64_t time_ns);

 private:
  Kept& kept_of(std::string_view name, bool& is_new);
  void keep(Kept& kept, const LoggedValue& value, std::int64_t time_ns);
  void sort_waiting();
  std::uint64_t deliveries_ = 0;
  std::vector<Kept> kept_;
  NameIndex names_;  // of what is kept
  std::vector<Kept*> waiting_;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_HOOKS_NEWEST_VALUES_HPP_
