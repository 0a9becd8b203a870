#include "runhook/error.hpp"

#include <algorithm>
#include <atomic>
#include <new>
#include <stdexcept>
#include <utility>
#include <vector>

#include "base/format.hpp"
#include "base/one_line.hpp"

namespace runhook::inline v1 {

struct Error::Rep {
  Rep(StatusCode c, std::string_view m) : code(c), message(m) { replace_line_ends(); }
  Rep(const Rep& other)
      : code(other.code),
        message(other.message),
        hook(other.hook),
        callback(other.callback),
        thread(other.thread),
        step(other.step),
        uninitialized(other.uninitialized),
        cause(other.cause),
        suppressed(other.suppressed),
        dropped(other.dropped.load(std::memory_order_relaxed)) {}
  Rep& operator=(const Rep&) = delete;
  ~Rep() { forget_text(); }

  // What text() has made is that of a Rep as it was; nobody else has one that is changed.
  void forget_text() noexcept { delete told.exchange(nullptr, std::memory_order_relaxed); }
  void replace_line_ends() noexcept {
    std::replace_if(
        message.begin(), message.end(), [](char x) { return x == '\n' || x == '\r'; }, ' ');
  }

  StatusCode code;
  std::string message;
  std::string hook;
  std::string callback;
  std::string thread;
  std::int64_t step = -1;
  bool uninitialized = false;
  std::exception_ptr cause;
  std::vector<Error> suppressed;
  // Atomic because it is counted up in a shared Rep when there is no memory for a copy.
  std::atomic<std::uint64_t> dropped{0};
  // The whole error as one line, once somebody has asked for it. Several threads may do so at once.
  std::atomic<const std::string*> told{nullptr};
};

namespace {

const std::string& empty_string() noexcept {
  static const std::string empty;
  return empty;
}

}  // namespace

Error::Error(StatusCode code, std::string_view message) noexcept {
  try {
    rep_ = std::make_shared<Rep>(code, message);
  } catch (...) {
    *this = no_memory();
  }
}

Error Error::no_memory() noexcept {
  // Never destroyed, so that errors may outlive everything; the text fits into the string object itself.
  alignas(Rep) static unsigned char storage[sizeof(Rep)];
  static Rep* const rep = new (storage) Rep(StatusCode::no_memory, "out of memory");
  Error error;
  error.rep_ = std::shared_ptr<Rep>(std::shared_ptr<Rep>(), rep);  // no control block, hence no allocation
  return error;
}

Error Error::uninitialized(std::string_view message) noexcept {
  Error error(StatusCode::failed_precondition, message);
  if (error.code() == StatusCode::failed_precondition) error.rep_->uninitialized = true;
  return error;
}

Error Error::from_current_exception(StatusCode fallback) noexcept {
  const auto described = [](StatusCode code, const char* text) noexcept {
    Error error(code, text);
    if (error.make_unique()) error.rep_->cause = std::current_exception();
    return error;
  };
  if (std::current_exception() == nullptr) return Error(fallback, "no exception");
  try {
    throw;
  } catch (const StatusError& e) {
    return e.error() ? e.error() : Error(fallback, "exception without an error");
  } catch (const std::bad_alloc&) {
    return no_memory();
  } catch (const std::invalid_argument& e) {
    return described(StatusCode::invalid_argument, e.what());
  } catch (const std::exception& e) {
    return described(fallback, e.what());
  } catch (...) {
    return described(fallback, "unknown exception");
  }
}

StatusCode Error::code() const noexcept { return rep_ ? rep_->code : StatusCode::ok; }
const std::string& Error::message() const noexcept { return rep_ ? rep_->message : empty_string(); }
const std::string& Error::hook() const noexcept { return rep_ ? rep_->hook : empty_string(); }
const std::string& Error::callback() const noexcept { return rep_ ? rep_->callback : empty_string(); }
const std::string& Error::thread() const noexcept { return rep_ ? rep_->thread : empty_string(); }
std::int64_t Error::step() const noexcept { return rep_ ? rep_->step : -1; }
std::exception_ptr Error::cause() const noexcept { return rep_ ? rep_->cause : nullptr; }
bool Error::is_uninitialized() const noexcept { return rep_ && rep_->uninitialized; }

std::size_t Error::suppressed_count() const noexcept { return rep_ ? rep_->suppressed.size() : 0; }

Error Error::suppressed(std::size_t index) const noexcept {
  return index < suppressed_count() ? rep_->suppressed[index] : Error();
}

std::uint64_t Error::suppressed_dropped() const noexcept {
  return rep_ ? rep_->dropped.load(std::memory_order_relaxed) : 0;
}

// Copy on write. A Rep without a control block (no_memory) counts as shared.
bool Error::make_unique() noexcept {
  if (rep_.use_count() == 1) {
    // use_count() is a relaxed load. Making and dropping another reference orders what follows after the last owner's
    // release of its own.
    const std::shared_ptr<Rep> synchronise = rep_;
    rep_->forget_text();
    return true;
  }
  try {
    rep_ = std::make_shared<Rep>(std::as_const(*rep_));
    return true;
  } catch (...) {
    return false;
  }
}

void Error::add_suppressed(const Error& later) noexcept {
  if (!rep_ || !later.rep_ || rep_ == later.rep_) return;
  const Error kept = later;  // `later` may be one of our own suppressed errors
  if (make_unique()) {
    try {
      if (rep_->suppressed.size() < kMaxSuppressed) {
        rep_->suppressed.push_back(kept);
        return;
      }
    } catch (...) {  // counted below
    }
  } else if (rep_.use_count() == 0) {
    return;  // all no_memory() errors share one Rep, which must not count what belongs to one of them
  }
  rep_->dropped.fetch_add(1, std::memory_order_relaxed);
}

void Error::locate(std::string_view hook, std::string_view callback, std::int64_t step) noexcept {
  if (!rep_) return;
  const bool sets_hook = rep_->hook.empty() && !hook.empty();
  const bool sets_callback = rep_->callback.empty() && !callback.empty();
  const bool sets_step = rep_->step < 0 && step >= 0;
  if ((!sets_hook && !sets_callback && !sets_step) || !make_unique()) return;
  if (sets_step) rep_->step = step;
  try {
    if (sets_hook) rep_->hook = hook;
    if (sets_callback) rep_->callback = callback;
  } catch (...) {  // the error goes without its place
  }
}

void Error::locate_thread(std::string_view thread) noexcept {
  if (!rep_ || thread.empty() || !rep_->thread.empty() || !make_unique()) return;
  try {
    rep_->thread = thread;
  } catch (...) {  // the error goes without its thread
  }
}

void Error::prepend(std::string_view prefix) noexcept {
  if (!rep_ || prefix.empty() || !make_unique()) return;
  try {
    if (rep_->message.empty() && prefix.ends_with(": ")) prefix.remove_suffix(2);  // without a text to begin
    rep_->message.insert(0, prefix);
    rep_->replace_line_ends();
  } catch (...) {  // the error goes without the prefix
  }
}

void Error::merge(const Error& later) noexcept {
  if (rep_) {
    add_suppressed(later);
  } else {
    rep_ = later.rep_;
  }
}

Error Error::alone() const noexcept {
  if (suppressed_count() + suppressed_dropped() == 0) return *this;
  Error primary = *this;
  if (primary.make_unique()) {
    primary.rep_->suppressed.clear();
    primary.rep_->dropped.store(0, std::memory_order_relaxed);
  }
  return primary;
}

Error Error::with_primary(std::size_t index) const noexcept {
  Error primary = suppressed(index);
  if (!primary) return *this;
  Error rest = *this;
  if (rest.make_unique()) {
    auto& behind = rest.rep_->suppressed;
    std::vector<Error> others;
    others.swap(behind);
    primary.add_suppressed(rest);
    for (std::size_t i = 0; i < others.size(); ++i) {
      if (i != index) primary.add_suppressed(others[i]);
    }
  } else {
    primary.add_suppressed(rest);
  }
  return primary;
}

std::string Error::to_string() const {
  if (!rep_) return "OK";
  std::string text(status_name(code()));
  if (!callback().empty()) detail::append_format(text, " in {}", callback());
  if (!hook().empty()) detail::append_format(text, " {} hook '{}'", callback().empty() ? "in" : "of", hook());
  if (!thread().empty()) detail::append_format(text, " in thread '{}'", thread());
  if (step() >= 0) detail::append_format(text, " at step {}", step());
  if (!message().empty()) detail::append_format(text, ": {}", message());
  const std::uint64_t more = suppressed_count() + suppressed_dropped();
  if (more > 0) detail::append_format(text, " ({} more error{} suppressed)", more, more == 1 ? "" : "s");
  return detail::one_line(text);
}

const char* Error::text() const noexcept {
  if (!rep_) return "OK";
  if (const std::string* told = rep_->told.load(std::memory_order_acquire)) return told->c_str();
  if (rep_.use_count() == 0) return message().c_str();  // of no_memory(), which is never destroyed
  try {
    auto made = std::make_unique<const std::string>(to_string());
    const std::string* first = nullptr;
    if (rep_->told.compare_exchange_strong(first, made.get(), std::memory_order_acq_rel)) first = made.release();
    return first->c_str();
  } catch (...) {
    return message().c_str();
  }
}

StatusError::StatusError(Error error) noexcept : error_(std::move(error)) {}
StatusError::StatusError(StatusCode code, std::string_view message) noexcept : error_(code, message) {}
StatusError::~StatusError() = default;

const char* StatusError::what() const noexcept { return error_.text(); }

}  // namespace runhook::inline v1
