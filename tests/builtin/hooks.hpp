// Every built-in hook, by the function of the C ABI that makes it, with arguments that are all right.
#ifndef RUNHOOK_TESTS_BUILTIN_HOOKS_HPP_
#define RUNHOOK_TESTS_BUILTIN_HOOKS_HPP_

#include <cstddef>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "misuse/check.hpp"

namespace runhook_test {

struct BuiltinHook {
  const char* function;
  std::vector<const char*> parameters;
  // Works out the arguments, which are kept by the world; `make` may then be called as often as wanted.
  void (*prepare)(World& world, const std::vector<const char*>& parameters);
  runhook_builtin_hook* (*make)(runhook_error** error);

  // "stop_at_step" of runhook_stop_at_step_hook_create.
  std::string name() const {
    const std::string whole = function;
    return whole.substr(8, whole.size() - 8 - 12);
  }
};

template <auto Function>
struct Maker;
template <class... Args, runhook_builtin_hook* (*Function)(Args...)>
struct Maker<Function> {
  static inline std::optional<std::tuple<Args...>> arguments;

  static void prepare(World& world, const std::vector<const char*>& parameters) {
    prepare(world, parameters.data(), std::index_sequence_for<Args...>());
  }
  template <std::size_t... Index>
  static void prepare(World& world, const char* const* parameters, std::index_sequence<Index...>) {
    arguments.emplace(sane<Args>(world, parameters[Index])...);
  }
  static runhook_builtin_hook* make(runhook_error** error) {
    std::tuple<Args...> with_error = *arguments;
    std::get<sizeof...(Args) - 1>(with_error) = error;
    return std::apply(Function, with_error);
  }
};

template <auto Function>
BuiltinHook builtin_hook(const char* name, const std::vector<const char*>& parameters) {
  return {name, parameters, Maker<Function>::prepare, Maker<Function>::make};
}

}  // namespace runhook_test

#include "builtin_hooks.inc"

#endif  // RUNHOOK_TESTS_BUILTIN_HOOKS_HPP_
