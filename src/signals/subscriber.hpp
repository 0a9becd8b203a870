// subscriber.hpp: what signals do to one stop state.
#ifndef RUNHOOK_SRC_SIGNALS_SUBSCRIBER_HPP_
#define RUNHOOK_SRC_SIGNALS_SUBSCRIBER_HPP_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <vector>

#include "runhook/signals.hpp"

namespace runhook::inline v1 {
namespace detail {

// What the handler is to do once all subscribers have been told of a signal.
struct SignalResponse {
  bool handled = false;         // a subscriber has a rule for it
  bool chain = true;            // the handler that was there may be called
  bool default_action = false;  // the process is to end
};

// Throws INVALID_ARGUMENT.
void check_signal_options(const SignalOptions& options);

// One subscription. The handler makes requests of the stop state and counts; the watcher's thread sees from the
// counters what is left to be done.
class SignalSubscriber {
 public:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  SignalSubscriber(std::shared_ptr<StopState> state, SignalOptions options);  // throws INVALID_ARGUMENT

  // Rules are numbered from 0. Only those that have been set on are followed.
  std::size_t rule_count() const noexcept { return rules_.size(); }
  int signal_at(std::size_t rule) const noexcept { return rules_[rule].is.signal; }
  bool is_on(std::size_t rule) const noexcept { return rules_[rule].on.load(); }
  void set_on(std::size_t rule, bool on) noexcept { rules_[rule].on.store(on); }
  bool force_ignored() const noexcept { return options_.force_ignored; }
  std::uint64_t received(int signal) const noexcept;

  // In a signal handler.
  void receive(int signal, SignalResponse& response) noexcept;

  // On the watcher's thread: does what is left to be done. Returns when the process is to end, and by which signal.
  struct Deadline {
    std::int64_t time_ns = kNever;
    int signal = 0;
  };
  Deadline serve() noexcept;
  // After it has returned serve() does nothing any more; it may be called by a function that serve() calls.
  void end() noexcept;

 private:
  static constexpr std::int64_t kNotYet = std::numeric_limits<std::int64_t>::min();
  struct Rule {
    SignalRule is;
    std::atomic<bool> on{false};
    std::atomic<std::uint64_t> received{0};
    std::atomic<std::int64_t> counted_ns{kNotYet};  // when the last one came that counted
    std::atomic<std::uint32_t> stage{0};            // how many counted
    std::atomic<std::uint32_t> posted{0};           // how many of these have had their effect
    // Of the thread:
    std::uint32_t told = 0;
    std::uint64_t told_received = 0;
    std::int64_t told_ns = kNotYet;
  };
  Rule* find(int signal) noexcept;
  static std::uint32_t count(Rule& rule, std::int64_t now_ns) noexcept;
  void receive_stop(Rule& rule, std::int64_t now_ns, SignalResponse& response) noexcept;
  void post(Rule& rule, StopUrgency urgency, std::int64_t now_ns) noexcept;
  void tell(Rule& rule);
  void tell_listeners() noexcept;
  void tell_of_save(Rule& rule);
  void write(std::string_view line);

  const std::shared_ptr<StopState> state_;
  const SignalOptions options_;
  std::vector<Rule> rules_;
  std::atomic<bool> cancels_{false};  // an urgent stop has been posted, and nobody has cancelled the step yet
  std::atomic<std::int64_t> deadline_ns_{kNever};
  std::atomic<int> deadline_signal_{0};
  std::recursive_mutex serving_;
  bool ended_ = false;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_SIGNALS_SUBSCRIBER_HPP_
