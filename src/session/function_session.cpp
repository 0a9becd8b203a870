#include "runhook/function_session.hpp"

#include <algorithm>
#include <iterator>

#include "base/format.hpp"
#include "runhook/error.hpp"

namespace runhook::inline v1 {

namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

std::size_t find_name(const std::vector<std::string>& names, std::size_t begin, std::size_t end,
                      std::string_view name) noexcept {
  for (std::size_t i = begin; i < end; ++i) {
    if (names[i] == name) return i;
  }
  return kNone;
}

}  // namespace

FunctionSession::FunctionSession(Function step, std::vector<std::string> outputs, std::vector<std::string> inputs)
    : function_(std::move(step)), names_(std::move(outputs)), output_count_(names_.size()) {
  if (!function_) throw StatusError(StatusCode::invalid_argument, "the session has no function");
  names_.insert(names_.end(), std::make_move_iterator(inputs.begin()), std::make_move_iterator(inputs.end()));
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (names_[i].empty()) throw StatusError(StatusCode::invalid_argument, "name of an output or input is empty");
    if (find_name(names_, 0, i, names_[i]) != kNone) {
      throw StatusError(StatusCode::already_exists, fmt::format("'{}' is declared twice", names_[i]));
    }
  }
}

NodeId FunctionSession::resolve(std::string_view name) {
  const std::size_t index = find_name(names_, 0, names_.size(), name);
  if (index == kNone)
    throw StatusError(StatusCode::not_found, fmt::format("'{}' is neither an output nor an input", name));
  return static_cast<NodeId>(index);
}

void FunctionSession::run(SessionStep& step) {
  if (closed_) throw StatusError(StatusCode::closed, "run on a closed Session");
  if (!function_) throw StatusError(StatusCode::reentrant, "the session's function runs the session itself");
  for (const ResolvedFeed& feed : step.feeds) {
    if (feed.node < output_count_) {
      throw StatusError(StatusCode::invalid_argument,
                        fmt::format("'{}' is an output and cannot be fed", names_[feed.node]));
    }
  }
  // The function is moved out meanwhile, so that it cannot be called from itself, and is not destroyed if it closes its
  // session.
  struct Taken {
    explicit Taken(FunctionSession& s) noexcept : session(s) { function.swap(s.function_); }
    ~Taken() {
      if (!session.closed_) function.swap(session.function_);
    }
    FunctionSession& session;
    Function function;
  };
  cancelled_.store(false, std::memory_order_release);
  Taken taken(*this);
  Step view(*this, step);
  const auto check_cancelled = [&view] {
    if (view.cancel_requested()) throw StatusError(StatusCode::cancelled, "the step was cancelled");
  };
  check_cancelled();
  taken.function(view);
  check_cancelled();  // a function that sees that it is cancelled may simply return
  for (std::size_t i = 0; i < step.fetches.size(); ++i) {
    for (const ResolvedFeed& feed : step.feeds) {
      if (feed.node == step.fetches[i]) step.results[i] = *feed.value;
    }
  }
}

void FunctionSession::close() {
  closed_ = true;
  function_ = nullptr;
}

const Value* FunctionSession::Step::input(std::string_view name) const noexcept {
  const std::vector<std::string>& names = session_.names_;
  const std::size_t index = find_name(names, session_.output_count_, names.size(), name);
  for (const ResolvedFeed& feed : step_.feeds) {
    if (feed.node == index) return feed.value;
  }
  return nullptr;
}

bool FunctionSession::Step::wanted(std::string_view output) const noexcept {
  const std::size_t index = find_name(session_.names_, 0, session_.output_count_, output);
  return std::any_of(step_.fetches.begin(), step_.fetches.end(), [index](NodeId node) { return node == index; });
}

void FunctionSession::Step::set_output(std::string_view name, Value value) {
  const std::size_t index = find_name(session_.names_, 0, session_.output_count_, name);
  if (index == kNone) throw StatusError(StatusCode::not_found, fmt::format("'{}' is not an output", name));
  for (std::size_t i = 0; i < step_.fetches.size(); ++i) {
    if (step_.fetches[i] != index) continue;
    step_.results[i] = std::move(value);
    return;  // each is fetched at most once
  }
}

bool FunctionSession::Step::cancel_requested() const noexcept {
  return session_.cancelled_.load(std::memory_order_acquire) || step_.cancel_requested();
}

}  // namespace runhook::inline v1
