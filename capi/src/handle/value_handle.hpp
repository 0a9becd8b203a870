// Handles of values: one per value, alive as long as the value is.
#ifndef RUNHOOK_CAPI_HANDLE_VALUE_HANDLE_HPP_
#define RUNHOOK_CAPI_HANDLE_VALUE_HANDLE_HPP_

#include "runhook/types.h"
#include "runhook/value.hpp"

namespace runhook::capi {

// Returns the value's handle, borrowed: it does not keep the value alive. NULL for an absent value. Throws
// std::bad_alloc when a value gets its handle for the first time. Any thread.
runhook_value* to_handle(const Value& value);
// Returns an owned handle of a value: the caller's runhook_value_destroy() drops the reference.
runhook_value* give_value(Value value);

// Returns the value behind a handle without taking a reference, or NULL if the handle is not valid.
const Value* find_value(const runhook_value* handle) noexcept;
// Returns the value with a reference of its own. Throws INVALID_ARGUMENT if the handle is not valid.
Value from_handle(const runhook_value* handle);

// Adds a reference that C owns; returns whether the handle is valid.
bool retain_value(const runhook_value* handle) noexcept;
// Drops a reference that C owns; does nothing if C owns none.
void drop_value(const runhook_value* handle) noexcept;

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_HANDLE_VALUE_HANDLE_HPP_
