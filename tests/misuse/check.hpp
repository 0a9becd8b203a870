// Calls a function with arguments that are wrong in every way, one at a time, and checks what it says and leaves
// behind.
#ifndef RUNHOOK_TESTS_MISUSE_CHECK_HPP_
#define RUNHOOK_TESTS_MISUSE_CHECK_HPP_

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <thread>
#include <utility>

#include "fixture.hpp"

namespace runhook_test {

// What a function returns for a handle that is not valid.
enum class Neutral { nothing, status, zero, one, minus_one, text, callback_failed };

struct Parameter {
  const char* name;
  bool nullable;
  bool takes_any_bytes;  // of a text
  bool consumed;         // the object belongs to runhook afterwards, whatever is said
};

// What the headers say about a function.
struct Function {
  const char* name;
  Neutral neutral;
  bool owned;     // it returns an object that the caller owns
  bool destroys;  // it is a destroy function
  std::vector<Parameter> parameters;
};

// Bytes of a table's first release.
template <class T>
struct SizeOfFirstRelease;

template <class T, class... Known>
constexpr bool is_one_of(const std::tuple<Known...>*) {
  return (std::is_same_v<T, Known> || ...);
}
template <class T>
inline constexpr bool is_handle = false;
template <class T>
inline constexpr bool is_handle<T*> = is_one_of<std::remove_const_t<T>*>(static_cast<const Handles*>(nullptr));

template <class T>
inline constexpr bool is_table = false;
template <class T>
requires(!is_handle<T*>) && requires(T table) { table.struct_size; }
inline constexpr bool is_table<T*> = true;

// How many tables a struct of options points to, which the fixture gives all of; generate.py says.
template <class Options>
inline constexpr int kTablesIn = 0;

// How much user data is taken over with an argument.
template <class T>
inline constexpr int owned_data = 0;
template <class T>
inline constexpr int owned_data<T*> = kTablesIn<std::remove_const_t<T>>;
template <class T>
requires requires(T table) { table.destroy; }
inline constexpr int owned_data<T*> = 1;

template <class T>
T sane(World& world, const char* name) {
  if constexpr (is_handle<T>) {
    return world.get<std::remove_const_t<std::remove_pointer_t<T>>>();
  } else {
    return Sane<T>::make(world, name);
  }
}

// Handles of every kind that were alive once.
inline Handles& corpses() {
  static Handles handles = [] {
    World world;
    return world.handles();
  }();
  return handles;
}

// What is to be expected of a call.
enum class Expect {
  invalid,        // INVALID_ARGUMENT, or the neutral value; nothing has changed
  refused,        // some failure
  unimplemented,  // what is too new for the library
  anything        // some answer
};

struct Badness {
  std::string what;
  Expect expect = Expect::anything;
  bool consumes = false;  // runhook owns the user data of this table afterwards
};

// A handle is a number in the shape of a pointer.
template <class T>
T bits(std::uintptr_t number) {
  return reinterpret_cast<T>(number);
}
inline std::uintptr_t bits_of(const void* handle) { return reinterpret_cast<std::uintptr_t>(handle); }

// Puts the number-th wrong value into `value`. Returns false if there are no more.
template <class T>
bool make_bad(World& world, const Parameter& parameter, int number, T& value, Badness& bad) {
  const Expect if_null = parameter.nullable ? Expect::anything : Expect::invalid;
  if constexpr (is_handle<T>) {
    using Handle = std::remove_const_t<std::remove_pointer_t<T>>;
    switch (number) {
      case 0:
        value = nullptr;
        bad = {"NULL", if_null};
        return true;
      case 1:
        value = bits<T>(~std::uintptr_t{0});
        bad = {"all ones", Expect::invalid};
        return true;
      case 2:
        if constexpr (std::is_same_v<Handle, runhook_value>) {
          value = bits<T>(bits_of(world.get<runhook_clock>()));
        } else {
          value = bits<T>(bits_of(world.get<runhook_value>()));
        }
        bad = {"another kind", Expect::invalid};
        return true;
      case 3:
        value = std::get<Handle*>(corpses());
        bad = {"freed", Expect::invalid};
        return true;
      default:
        return false;
    }
  } else if constexpr (is_table<T>) {
    using Table = std::remove_const_t<std::remove_pointer_t<T>>;
    constexpr std::size_t kFirst = SizeOfFirstRelease<Table>::value;
    if (number == 0) {
      value = nullptr;
      bad = {"NULL", if_null};
      return true;
    }
    auto& bytes = world.keep(std::vector<std::max_align_t>(512));
    auto* const copy = static_cast<unsigned char*>(static_cast<void*>(bytes.data()));
    const Table given = *sane<T>(world, parameter.name);
    std::memcpy(copy, &given, sizeof given);
    auto* const table = static_cast<Table*>(static_cast<void*>(copy));
    value = table;
    const bool out = !std::is_const_v<std::remove_pointer_t<T>>;
    switch (number) {
      case 1:
        table->struct_size = 0;
        bad = {"size 0", Expect::invalid};
        return true;
      case 2:
        table->struct_size = kFirst - 1;
        bad = {"one byte short", Expect::invalid};
        return true;
      case 3:
        table->struct_size = 4097;
        bad = {"size 4097", Expect::invalid};
        return true;
      case 4:
        table->struct_size = SIZE_MAX;
        bad = {"size SIZE_MAX", Expect::invalid};
        return true;
      case 5:
        table->struct_size = sizeof(Table) + 64;
        bad = {"zero tail", Expect::anything, true};
        return true;
      case 6:
        table->struct_size = 4096;
        bad = {"longest zero tail", Expect::anything, true};
        return true;
      case 7:
      case 8:
        table->struct_size = sizeof(Table) + 64;
        copy[sizeof(Table) + (number == 7 ? 0 : 63)] = 1;
        bad = {"tail with a byte that is not zero", out ? Expect::anything : Expect::unimplemented, true};
        return true;
      case 9:
        table->struct_size = kFirst;
        bad = {"first release", Expect::anything, true};
        return true;
      case 10:
        if (out) return false;
        std::memset(copy + sizeof(std::size_t), 0, sizeof(Table) - sizeof(std::size_t));
        bad = {"nothing but zeroes", Expect::anything};
        return true;
      default:
        return false;
    }
  } else if constexpr (std::is_same_v<T, const char*>) {
    const Expect if_not_utf8 = parameter.takes_any_bytes ? Expect::anything : Expect::refused;
    switch (number) {
      case 0:
        value = nullptr;
        bad = {"NULL", parameter.nullable ? Expect::anything : Expect::refused};
        return true;
      case 1:
        value = "";
        bad = {"empty"};
        return true;
      case 2:
        value = "\xff\xfe";
        bad = {"not UTF-8", if_not_utf8};
        return true;
      case 3:
        value = "text\xc3";
        bad = {"cut UTF-8", if_not_utf8};
        return true;
      case 4:
        value = world.keep(std::string(std::size_t{1} << 20, 'x')).c_str();
        bad = {"1 MiB"};
        return true;
      case 5:
        value = "one\ntwo";
        bad = {"two lines"};
        return true;
      case 6:
        value = "text:1";
        bad = {"with colon"};
        return true;
      case 7:
        value = "a/text/";
        bad = {"with slashes"};
        return true;
      default:
        return false;
    }
  } else if constexpr (std::is_same_v<T, const char* const*>) {
    using Texts = std::array<const char*, 1>;
    switch (number) {
      case 0:
        value = nullptr;
        bad = {"NULL", Expect::invalid};
        return true;
      case 1:
        value = world.keep(Texts{nullptr}).data();
        bad = {"NULL inside", Expect::invalid};
        return true;
      case 2:
        value = world.keep(Texts{"\xff\xfe"}).data();
        bad = {"not UTF-8 inside", Expect::invalid};
        return true;
      case 3:
        value = world.keep(Texts{""}).data();
        bad = {"empty inside"};
        return true;
      default:
        return false;
    }
  } else if constexpr (std::is_pointer_v<T>) {
    value = nullptr;
    bad = {"NULL", std::is_same_v<T, DLManagedTensor*> ? Expect::invalid : Expect::anything};
    return number == 0;
  } else if constexpr (std::is_same_v<T, int32_t>) {
    constexpr int32_t kNumbers[] = {0, -1, std::numeric_limits<int32_t>::max(), std::numeric_limits<int32_t>::min(), 7};
    if (number >= 5) return false;
    value = kNumbers[number];
    bad = {std::to_string(value)};
    return true;
  } else {
    if (std::strcmp(parameter.name, "index") != 0 || number > 0) return false;
    value = std::numeric_limits<T>::max();
    bad = {"the greatest"};
    return true;
  }
}

// A result or error that the caller has to end.
template <class R>
void dispose(const Function& function, R result) {
  if constexpr (std::is_pointer_v<R> && requires { end(result); }) {
    if (function.owned && result != nullptr) end(result);
  }
}

template <class R>
void expect_neutral(const Function& function, R result) {
  if constexpr (std::is_same_v<R, const char*>) {
    if (function.neutral == Neutral::text) {
      EXPECT_NE(result, nullptr);
    } else {
      EXPECT_EQ(result, nullptr);
    }
  } else if constexpr (std::is_pointer_v<R>) {
    EXPECT_EQ(result, nullptr);
  } else {
    int64_t expected = 0;
    switch (function.neutral) {
      case Neutral::status:
        expected = RUNHOOK_ERR_INVALID_ARGUMENT;
        break;
      case Neutral::one:
        expected = 1;
        break;
      case Neutral::minus_one:
        expected = -1;
        break;
      case Neutral::callback_failed:
        expected = RUNHOOK_CALLBACK_FAILED;
        break;
      default:
        break;
    }
    EXPECT_EQ(static_cast<int64_t>(result), expected);
  }
}

// How many calls the program has made.
inline std::atomic<long>& calls() {
  static std::atomic<long> count{0};
  return count;
}

template <class... A>
struct Signature {
  static constexpr bool has_error = (std::is_same_v<A, runhook_error**> || ...);
  static constexpr bool has_context = (std::is_same_v<A, runhook_context*> || ...);
};

// Makes the call and checks how it reports. `which`: the argument that is bad, or -1.
template <class R, class... A>
void call_and_check(const Function& function, R (*callee)(A...), std::tuple<A...>& arguments, int which,
                    const Badness& bad) {
  using Shape = Signature<A...>;
  ++calls();
  runhook_error** out = nullptr;
  if constexpr (Shape::has_error) out = std::get<runhook_error**>(arguments);
  runhook_error* const untouched = bits<runhook_error*>(0x10);
  if (out != nullptr) *out = untouched;
  const uint64_t before = runhook_live_handles();
  const auto check_error = [&](runhook_status status, bool failed) {
    if (out == nullptr) return;
    EXPECT_NE(*out, untouched) << "the error was not set";
    if (*out == untouched) return;
    EXPECT_EQ(*out != nullptr, failed);
    if (*out == nullptr) return;
    if (status != RUNHOOK_OK) {
      EXPECT_EQ(runhook_error_code(*out), status);
    }
    EXPECT_NE(runhook_error_code(*out), RUNHOOK_OK);
    const std::string message = runhook_error_message(*out);
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  };
  const auto end_error = [&] {
    if (out == nullptr || *out == untouched) return;
    runhook_error* const given = std::exchange(*out, nullptr);
    runhook_error_destroy(given);
    if (given == nullptr) return;
    EXPECT_EQ(runhook_error_code(given), RUNHOOK_ERR_INVALID_ARGUMENT) << "the error was not owned";
  };
  // An argument behind a context is looked at only where that callback may be asked.
  const bool elsewhere = Shape::has_context && which > 0;
  if constexpr (std::is_void_v<R>) {
    std::apply(callee, arguments);
  } else {
    R result = std::apply(callee, arguments);
    if constexpr (std::is_same_v<R, runhook_status>) {
      if (function.neutral == Neutral::status) check_error(result, result != RUNHOOK_OK);
    }
    if constexpr (std::is_pointer_v<R>) {
      if (out != nullptr && *out != nullptr) {
        EXPECT_EQ(result, nullptr);
      }
      if (function.owned && out != nullptr) check_error(RUNHOOK_OK, result == nullptr);
    }
    const bool failed = out != nullptr && *out != untouched && *out != nullptr;
    const runhook_status code = failed ? runhook_error_code(*out) : RUNHOOK_OK;
    if (bad.expect == Expect::invalid) {
      if constexpr (std::is_pointer_v<R>) {
        expect_neutral(function, result);
        if (out != nullptr && !elsewhere) {
          EXPECT_EQ(code, RUNHOOK_ERR_INVALID_ARGUMENT);
        }
      } else if (function.neutral == Neutral::status && elsewhere) {
        EXPECT_NE(result, static_cast<R>(RUNHOOK_OK));
      } else if (which == 0 || function.neutral == Neutral::status) {
        expect_neutral(function, result);
      }
    } else if (bad.expect == Expect::refused) {
      if constexpr (std::is_pointer_v<R>) {
        if (function.owned || Shape::has_error) {
          EXPECT_EQ(result, nullptr);
        }
      } else if (function.neutral == Neutral::status) {
        EXPECT_NE(result, static_cast<R>(RUNHOOK_OK));
        if (!elsewhere) {
          EXPECT_EQ(result, static_cast<R>(RUNHOOK_ERR_INVALID_ARGUMENT));
        }
      }
    } else if (bad.expect == Expect::unimplemented) {
      if constexpr (std::is_pointer_v<R>) {
        EXPECT_EQ(result, nullptr);
        if (out != nullptr) {
          EXPECT_EQ(code, RUNHOOK_ERR_UNIMPLEMENTED);
        }
      } else {
        EXPECT_EQ(result, static_cast<R>(RUNHOOK_ERR_UNIMPLEMENTED));
      }
    }
    dispose(function, result);
  }
  end_error();
  bool consumes = false;
  for (const Parameter& parameter : function.parameters) consumes = consumes || parameter.consumed;
  if (bad.expect != Expect::anything && !consumes) {
    EXPECT_EQ(runhook_live_handles(), before) << "handles were made or ended";
  }
}

// After one call, when all that it was given is gone.
inline void expect_nothing_left(const Function& function, std::size_t argument, int number, int destroyed, int given,
                                uint64_t handles_before) {
  EXPECT_EQ(destroyed, given) << "user data: destroyed on the left, taken over on the right; argument "
                              << function.parameters[argument].name << ", case " << number;
  EXPECT_EQ(runhook_live_handles(), handles_before)
      << "handles were left behind; argument " << function.parameters[argument].name << ", case " << number;
}

// One call with argument I wrong in the number-th way. Returns false if there is no such way.
template <std::size_t I, class R, class... A>
bool one_case(const Function& function, R (*callee)(A...), int number, bool with_error) {
  using T = std::tuple_element_t<I, std::tuple<A...>>;
  const uint64_t before = runhook_live_handles();
  int destroyed = 0;
  int given = 0;
  {
    World world;
    world.count_destroys_in(&destroyed);
    EXPECT_TRUE(world.complete());
    T value{};
    Badness bad;
    if (!make_bad<T>(world, function.parameters[I], number, value, bad)) return false;
    SCOPED_TRACE(std::string(function.parameters[I].name) + ": " + bad.what + (with_error ? "" : ", no error wanted"));
    std::tuple<A...> arguments;
    const auto fill = [&]<std::size_t J>(std::integral_constant<std::size_t, J>) {
      using U = std::tuple_element_t<J, std::tuple<A...>>;
      if constexpr (J == I) {
        std::get<J>(arguments) = value;
        if (bad.consumes) given += owned_data<std::remove_const_t<std::remove_pointer_t<U>>*>;
      } else {
        std::get<J>(arguments) = sane<U>(world, function.parameters[J].name);
        if constexpr (std::is_same_v<U, runhook_error**>) {
          if (!with_error) std::get<J>(arguments) = nullptr;
        } else {
          given += owned_data<U>;
        }
      }
    };
    [&]<std::size_t... J>(std::index_sequence<J...>) { (fill(std::integral_constant<std::size_t, J>{}), ...); }
    (std::index_sequence_for<A...>{});
    call_and_check(function, callee, arguments, static_cast<int>(I), bad);
    if (bad.expect == Expect::invalid && is_handle<T>) {
      EXPECT_EQ(world.run(), RUNHOOK_OK);
    }
  }
  expect_nothing_left(function, I, number, destroyed, given, before);
  return true;
}

// Every argument wrong in every way, and none.
template <class R, class... A>
void arguments(const Function& function, R (*callee)(A...)) {
  ASSERT_EQ(function.parameters.size(), sizeof...(A));
  corpses();
  alarm(30);
  if constexpr (sizeof...(A) == 0) {
    std::tuple<> none;
    call_and_check(function, callee, none, -1, {});
  } else {
    const auto all = [&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
      for (const bool with_error : {true, false}) {
        for (int number = 0; one_case<I>(function, callee, number, with_error); ++number) {
        }
        if (!Signature<A...>::has_error) break;
      }
    };
    [&]<std::size_t... I>(std::index_sequence<I...>) { (all(std::integral_constant<std::size_t, I>{}), ...); }
    (std::index_sequence_for<A...>{});
  }
  alarm(0);
}

// Calls the function with arguments that are all right, but at a bad moment: in a callback, or on another thread.
template <class R, class... A>
class CallAtABadMoment final : public Visitor {
 public:
  enum class Moment { in_step, in_after_run, thread_in_step, thread_in_after_run };
  CallAtABadMoment(const Function& function, R (*callee)(A...), Moment moment)
      : function_(function), callee_(callee), moment_(moment) {}

  void in_step(runhook_context* context) override {
    if (moment_ == Moment::in_step) visit(context);
    if (moment_ == Moment::thread_in_step) visit_from_thread(context);
  }
  void in_after_run(runhook_context* context) override {
    if (moment_ == Moment::in_after_run) visit(context);
    if (moment_ == Moment::thread_in_after_run) visit_from_thread(context);
  }
  int given() const { return given_; }
  World* world = nullptr;

 private:
  void visit_from_thread(runhook_context* context) {
    std::thread([&] { visit(context); }).join();
  }
  void visit(runhook_context* context) {
    if (world == nullptr) return;
    World& live = *std::exchange(world, nullptr);
    // Of the session that is running: its context, raw session, coordinator and stop source.
    runhook_context* const own = std::exchange(live.get<runhook_context>(), context);
    runhook_session* const raw = runhook_monitored_session_session(live.get<runhook_monitored_session>(), nullptr);
    runhook_session* const other = raw != nullptr ? std::exchange(live.get<runhook_session>(), raw) : nullptr;
    runhook_coordinator* const threads =
        runhook_monitored_session_coordinator(live.get<runhook_monitored_session>(), nullptr);
    runhook_coordinator* const others =
        threads != nullptr ? std::exchange(live.get<runhook_coordinator>(), threads) : nullptr;
    std::tuple<A...> arguments;
    [&]<std::size_t... J>(std::index_sequence<J...>) {
      ((std::get<J>(arguments) = sane<A>(live, function_.parameters[J].name)), ...);
    }
    (std::index_sequence_for<A...>{});
    given_ = (owned_data<A> + ... + 0);
    call_and_check(function_, callee_, arguments, -1, {});
    live.get<runhook_context>() = own;
    if (raw != nullptr) {
      runhook_session_destroy(raw);
      live.get<runhook_session>() = other;
    }
    if (threads != nullptr) {
      runhook_coordinator_destroy(threads);
      live.get<runhook_coordinator>() = others;
    }
  }

  const Function& function_;
  R (*callee_)(A...);
  const Moment moment_;
  int given_ = 0;
};

template <class R, class... A>
void at(const Function& function, R (*callee)(A...), typename CallAtABadMoment<R, A...>::Moment moment) {
  ASSERT_EQ(function.parameters.size(), sizeof...(A));
  SCOPED_TRACE("moment " + std::to_string(static_cast<int>(moment)));
  const uint64_t before = runhook_live_handles();
  int destroyed = 0;
  alarm(30);
  CallAtABadMoment<R, A...> visitor(function, callee, moment);
  {
    World world(&visitor);
    world.count_destroys_in(&destroyed);
    visitor.world = &world;
    world.run();
    EXPECT_EQ(visitor.world, nullptr) << "the callback was not called";
    visitor.world = nullptr;
    world.run();
    if (runhook_monitored_session* session = world.get<runhook_monitored_session>()) {
      runhook_monitored_session_close(session, nullptr);
    }
  }
  alarm(0);
  EXPECT_EQ(destroyed, visitor.given()) << "user data: destroyed on the left, taken over on the right";
  EXPECT_EQ(runhook_live_handles(), before) << "handles were left behind";
}

// Ends every object of its world in the first callback, of the step or of after_run.
class EndsAll final : public Visitor {
 public:
  explicit EndsAll(bool in_step) : in_step_(in_step) {}
  void in_step(runhook_context*) override { end_all(in_step_); }
  void in_after_run(runhook_context*) override { end_all(!in_step_); }
  World* world = nullptr;

 private:
  void end_all(bool now) {
    if (now && world != nullptr) std::exchange(world, nullptr)->end_all();
  }
  const bool in_step_;
};

// Calls the function with arguments that are all right and gone before it returns, if it calls back at all.
template <class R, class... A>
void gone_meanwhile(const Function& function, R (*callee)(A...), bool in_step, void (World::*borrow_args)()) {
  const uint64_t before = runhook_live_handles();
  int destroyed = 0;
  int given = 0;
  EndsAll visitor(in_step);
  {
    World world(&visitor);
    world.count_destroys_in(&destroyed);
    if (borrow_args != nullptr) (world.*borrow_args)();
    std::tuple<A...> arguments;
    [&]<std::size_t... J>(std::index_sequence<J...>) {
      ((std::get<J>(arguments) = sane<A>(world, function.parameters[J].name)), ...);
    }
    (std::index_sequence_for<A...>{});
    given = (owned_data<A> + ... + 0);
    visitor.world = &world;
    call_and_check(function, callee, arguments, -1, {});
    visitor.world = nullptr;
  }
  EXPECT_EQ(destroyed, given) << "user data: destroyed on the left, taken over on the right";
  EXPECT_EQ(runhook_live_handles(), before) << "handles were left behind";
}

template <class R, class... A>
void gone_meanwhile(const Function& function, R (*callee)(A...)) {
  ASSERT_EQ(function.parameters.size(), sizeof...(A));
  constexpr bool kTakesArgs = (std::is_same_v<A, const runhook_run_args*> || ...);
  alarm(30);
  for (const bool in_step : {true, false}) {
    SCOPED_TRACE(in_step ? "in the step" : "in after_run");
    gone_meanwhile(function, callee, in_step, nullptr);
    if constexpr (kTakesArgs) {
      gone_meanwhile(function, callee, in_step, &World::borrow_args_of_session);
      gone_meanwhile(function, callee, in_step, &World::borrow_args_of_context);
    }
  }
  alarm(0);
}

template <class R, class... A>
void in_callback(const Function& function, R (*callee)(A...)) {
  using Moment = typename CallAtABadMoment<R, A...>::Moment;
  at(function, callee, Moment::in_step);
  at(function, callee, Moment::in_after_run);
}

template <class R, class... A>
void busy(const Function& function, R (*callee)(A...)) {
  using Moment = typename CallAtABadMoment<R, A...>::Moment;
  at(function, callee, Moment::thread_in_step);
  at(function, callee, Moment::thread_in_after_run);
}

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_MISUSE_CHECK_HPP_
