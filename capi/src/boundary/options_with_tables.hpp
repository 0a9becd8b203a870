// Options that point to tables, which are taken over with them.
#ifndef RUNHOOK_CAPI_BOUNDARY_OPTIONS_WITH_TABLES_HPP_
#define RUNHOOK_CAPI_BOUNDARY_OPTIONS_WITH_TABLES_HPP_

#include <cstring>

#include "boundary/exception_guard.hpp"
#include "boundary/sized_struct.hpp"

namespace runhook::capi {

// A copy of options; NULL is all defaults. Unless their struct_size is refused the caller takes over every table in them
// by take(), before anything else is looked at, so that all are consumed whichever of them is bad.
template <class Options>
class OptionsWithTables {
 public:
  OptionsWithTables(const Options* given, std::size_t size_v1_0, runhook_error** error) noexcept : error_(error) {
    clear(error);
    std::memset(&options_, 0, sizeof options_);
    if (given == nullptr) return;
    const auto accepted = detail::copy_sized(given, size_v1_0, &options_, sizeof options_);
    note(guarded(error, [&] { detail::check_sized(accepted, detail::struct_type<Options>(), given); }));
  }
  // `accept` is accept_log() or one of its kind.
  template <class Table, class Taken, class Accept>
  void take(const Table* table, Taken& taken, Accept accept) noexcept {
    if (table != nullptr) note(accept(table, taken, ok_ ? error_ : nullptr));
  }
  // Whether everything was accepted; if not, the error says what was not.
  bool ok() const noexcept { return ok_; }
  const Options* operator->() const noexcept { return &options_; }
  const Options& operator*() const noexcept { return options_; }

 private:
  void note(runhook_status status) noexcept { ok_ = ok_ && status == RUNHOOK_OK; }

  Options options_;
  runhook_error** const error_;
  bool ok_ = true;
};

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_BOUNDARY_OPTIONS_WITH_TABLES_HPP_
