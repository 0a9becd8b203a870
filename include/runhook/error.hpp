// runhook/error.hpp: what went wrong, where, and what else went wrong after it.
#ifndef RUNHOOK_ERROR_HPP_
#define RUNHOOK_ERROR_HPP_

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include "runhook/status.hpp"

namespace runhook::inline v1 {

// A primary error with the errors that followed it. A cheap handle: copying neither allocates nor throws.
//
// A default-constructed Error means "no error". Reading is safe from several threads; changing is not.
// Since 1.0.
class Error {
 public:
  Error() noexcept = default;
  // Makes an error; falls back to no_memory() if there is no memory for it.
  Error(StatusCode code, std::string_view message) noexcept;
  // The out-of-memory error. Needs no memory itself.
  static Error no_memory() noexcept;
  // Makes the FAILED_PRECONDITION that an engine throws for a variable without a value. A readiness probe that fails
  // with it has found the session not ready.
  static Error uninitialized(std::string_view message) noexcept;
  // Describes the exception being handled. A StatusError gives its own error, std::bad_alloc gives NO_MEMORY,
  // std::invalid_argument gives INVALID_ARGUMENT, anything else gives `fallback` and keeps the exception in cause().
  static Error from_current_exception(StatusCode fallback) noexcept;

  explicit operator bool() const noexcept { return rep_ != nullptr; }  // true if there is an error
  StatusCode code() const noexcept;
  const std::string& message() const noexcept;   // one line, no trailing period
  const std::string& hook() const noexcept;      // name of the hook that failed; empty if none
  const std::string& callback() const noexcept;  // e.g. "before_run"; empty if unknown
  const std::string& thread() const noexcept;    // name of the coordinated thread that reported it; empty if none
  std::int64_t step() const noexcept;            // global step at which it happened; -1 if unknown
  std::exception_ptr cause() const noexcept;     // the C++ exception that it was made from, if there was one
  bool is_uninitialized() const noexcept;        // whether it was made by uninitialized()

  std::size_t suppressed_count() const noexcept;  // at most kMaxSuppressed
  Error suppressed(std::size_t index) const noexcept;
  std::uint64_t suppressed_dropped() const noexcept;  // how many more there were
  static constexpr std::size_t kMaxSuppressed = 64;

  // Attaches a later error; without memory it is only counted. Does nothing if either is "no error" or both are the
  // same.
  void add_suppressed(const Error& later) noexcept;
  // Fills in where it happened, as far as it is not known yet.
  void locate(std::string_view hook, std::string_view callback, std::int64_t step) noexcept;
  void locate_thread(std::string_view thread) noexcept;  // the same for the thread
  // Puts `prefix` in front of the message, if there is memory for it; without its last ": " if there is no message.
  void prepend(std::string_view prefix) noexcept;
  // Becomes `later` if this is no error, else attaches it as suppressed.
  void merge(const Error& later) noexcept;
  // The primary error without those that followed it; all of it if there is no memory for that.
  Error alone() const noexcept;
  // The same errors, with the suppressed one at `index` as the primary error; the others follow in their order.
  Error with_primary(std::size_t index) const noexcept;
  // The whole error as one line: code, place, message and the number of suppressed errors.
  std::string to_string() const;

 private:
  friend class StatusError;
  struct Rep;
  bool make_unique() noexcept;
  const char* text() const noexcept;  // as to_string(); the message alone without memory
  std::shared_ptr<Rep> rep_;
};

// The exception by which every function of the C++ API reports an Error. Where a header says that a function throws,
// e.g., INVALID_ARGUMENT, it throws a StatusError with that code. Since 1.0.
class StatusError : public std::exception {
 public:
  explicit StatusError(Error error) noexcept;
  StatusError(StatusCode code, std::string_view message) noexcept;
  StatusError(const StatusError&) noexcept = default;
  StatusError& operator=(const StatusError&) noexcept = default;
  ~StatusError() override;
  const Error& error() const noexcept { return error_; }
  StatusCode code() const noexcept { return error_.code(); }
  // The whole error, as Error::to_string() has it: code, hook, callback, step and message.
  const char* what() const noexcept override;

 private:
  Error error_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_ERROR_HPP_
