// runhook_saver_table: functions that save and restore, a whole session or the program's own state.
#ifndef RUNHOOK_CAPI_CALL_STATE_FUNCTIONS_HPP_
#define RUNHOOK_CAPI_CALL_STATE_FUNCTIONS_HPP_

#include <cstdint>
#include <memory>
#include <optional>

#include "boundary/table.hpp"
#include "runhook/snapshot.h"
#include "runhook/snapshot.hpp"

namespace runhook::capi {

class StateFunctions {
 public:
  StateFunctions(const runhook_saver_table& table, UserData owner) noexcept
      : save_(table.save), restore_(table.restore), data_(std::move(owner)) {}
  // `session`: NULL if it does not matter. The function may change the snapshot.
  void save(Session* session, Snapshot& snapshot) const;
  // Returns the global step, if the function says that it has restored one.
  std::optional<std::int64_t> restore(Session* session, Snapshot& snapshot) const;

 private:
  const runhook_callback save_;
  const runhook_callback restore_;
  const UserData data_;
};

// Takes a table over, as accept_table() does. Both functions are required.
runhook_status accept_state_functions(const runhook_saver_table* given, std::shared_ptr<StateFunctions>& functions,
                                      runhook_error** error) noexcept;

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_CALL_STATE_FUNCTIONS_HPP_
