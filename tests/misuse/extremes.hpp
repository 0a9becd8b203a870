// Calls a function with numbers at the ends of their range, and uses what it has made of them: with sanitizers a sum that
// overflows ends the test, and a wait that does not end is an alarm.
#ifndef RUNHOOK_TESTS_MISUSE_EXTREMES_HPP_
#define RUNHOOK_TESTS_MISUSE_EXTREMES_HPP_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstring>
#include <limits>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "check.hpp"

namespace runhook_test {

// A whole number in a table: a count, a time or an int32_t.
struct IntegerMember {
  const char* name;
  std::size_t offset;
  std::size_t size;
};
// All of them, in order.
template <class T>
inline constexpr std::span<const IntegerMember> kIntegerMembers = {};

template <class Integer>
inline constexpr Integer kExtremes[] = {std::numeric_limits<Integer>::max(), std::numeric_limits<Integer>::min(),
                                        static_cast<Integer>(-1)};
inline constexpr int kExtremeCount = 3;

// Requests a stop after a while, so that whatever waits for ever comes back.
class Impatience {
 public:
  explicit Impatience(std::vector<runhook_stop_source*> sources, const runhook_coordinator* coordinator = nullptr)
      : thread_([this, sources = std::move(sources), coordinator] {
          using namespace std::chrono_literals;
          std::unique_lock lock(mutex_);
          if (ended_.wait_for(lock, 2ms, [this] { return over_; })) return;
          for (runhook_stop_source* const source : sources) {
            runhook_stop_source_request_stop(source, 0, "enough", RUNHOOK_STOP_AFTER_STEP);
          }
          if (coordinator != nullptr) runhook_coordinator_request_stop(coordinator, nullptr);
        }) {}
  ~Impatience() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    ended_.notify_all();
    thread_.join();
  }
  Impatience(const Impatience&) = delete;
  Impatience& operator=(const Impatience&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool over_ = false;
  std::thread thread_;
};

// Uses what was made: nothing, unless something is said below.
template <class R>
void use(World&, R) {}

// In three steps of a session, which nobody has to wait for.
inline void run_session_of(const runhook_config* config) {
  runhook_monitored_session* const session = runhook_monitored_session_create(config, nullptr);
  if (session == nullptr) return;
  runhook_stop_source* const source = runhook_monitored_session_stop_source(session, nullptr);
  {
    const Impatience impatience({source});
    runhook_monitored_session_run_until_stop(session, nullptr, 3, nullptr, nullptr);
  }
  runhook_stop_source_destroy(source);
  runhook_monitored_session_destroy(session);
}

inline void use(World& world, runhook_builtin_hook* hook) {
  runhook_config* const config = world.get<runhook_config>();
  runhook_config_add_builtin_hook(config, hook, nullptr, nullptr);
  run_session_of(config);
}

inline void use(World&, runhook_trigger* trigger) {
  for (const int64_t number : {int64_t{0}, kExtremes<int64_t>[0], kExtremes<int64_t>[1]}) {
    int32_t due = 0;
    runhook_trigger_due(trigger, number, number, &due, nullptr);
    const auto next = due != 0 ? runhook_trigger_fired : runhook_trigger_passed;
    next(trigger, number, number, nullptr);
    runhook_trigger_rewind(trigger, number, nullptr);
    runhook_trigger_state(trigger, number, nullptr);
  }
}

inline void use(World&, runhook_summary_writer* writer) {
  runhook_summary_writer_add_scalar(writer, "text", 1, 1, nullptr);
  runhook_summary_writer_sync(writer, nullptr);
}

// Puts the number-th extreme into `value`. Returns false if there are no more.
template <class T>
bool make_extreme(World& world, const Parameter& parameter, int number, T& value, std::string& what) {
  if constexpr (std::is_same_v<T, int64_t>) {
    if (number >= kExtremeCount) return false;
    value = kExtremes<int64_t>[number];
    what = std::to_string(value);
    return true;
  } else if constexpr (is_table<T> && std::is_const_v<std::remove_pointer_t<T>>) {
    using Table = std::remove_const_t<std::remove_pointer_t<T>>;
    const std::span<const IntegerMember> members = kIntegerMembers<Table>;
    const auto at = static_cast<std::size_t>(number / kExtremeCount);
    if (at >= members.size()) return false;
    auto& table = world.keep(*sane<T>(world, parameter.name));
    auto* const bytes = static_cast<unsigned char*>(static_cast<void*>(&table)) + members[at].offset;
    const auto store = [&](auto extreme) {
      std::memcpy(bytes, &extreme, sizeof extreme);
      what = std::string(members[at].name) + " " + std::to_string(extreme);
    };
    const int which = number % kExtremeCount;
    members[at].size == sizeof(int64_t) ? store(kExtremes<int64_t>[which]) : store(kExtremes<int32_t>[which]);
    value = &table;
    return true;
  } else {
    return false;
  }
}

// One call with argument I at the number-th end. Returns false if there is none.
template <std::size_t I, class R, class... A>
bool one_extreme(const Function& function, R (*callee)(A...), int number) {
  using T = std::tuple_element_t<I, std::tuple<A...>>;
  const uint64_t before = runhook_live_handles();
  int destroyed = 0;
  int given = 0;
  {
    World world;
    world.count_destroys_in(&destroyed);
    T value{};
    std::string what;
    if (!make_extreme<T>(world, function.parameters[I], number, value, what)) return false;
    SCOPED_TRACE(std::string(function.parameters[I].name) + ": " + what);
    std::tuple<A...> arguments;
    [&]<std::size_t... J>(std::index_sequence<J...>) {
      ((std::get<J>(arguments) = sane<A>(world, function.parameters[J].name)), ...);
    }
    (std::index_sequence_for<A...>{});
    std::get<I>(arguments) = value;
    given = (owned_data<A> + ... + 0);
    runhook_stop_source* const of_context = runhook_context_stop_source(world.get<runhook_context>(), nullptr);
    {
      const Impatience impatience({of_context, world.get<runhook_stop_source>()}, world.get<runhook_coordinator>());
      if constexpr (std::is_void_v<R>) {
        std::apply(callee, arguments);
      } else {
        R result = std::apply(callee, arguments);
        use(world, result);
        dispose(function, result);
      }
    }
    if constexpr ((std::is_same_v<A, runhook_trigger*> || ...)) use(world, world.get<runhook_trigger>());
    if constexpr ((std::is_same_v<A, runhook_config*> || ...)) run_session_of(world.get<runhook_config>());
    if constexpr (Signature<A...>::has_error) runhook_error_destroy(*std::get<runhook_error**>(arguments));
    runhook_stop_source_destroy(of_context);
  }
  expect_nothing_left(function, I, number, destroyed, given, before);
  return true;
}

// Every number of every argument at every end.
template <class R, class... A>
void extremes(const Function& function, R (*callee)(A...)) {
  ASSERT_EQ(function.parameters.size(), sizeof...(A));
  alarm(60);
  const auto all = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
    for (int number = 0; one_extreme<I>(function, callee, number); ++number) {
    }
  };
  [&]<std::size_t... I>(std::index_sequence<I...>) { (all(std::integral_constant<std::size_t, I>{}), ...); }
  (std::index_sequence_for<A...>{});
  alarm(0);
}

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_MISUSE_EXTREMES_HPP_
