#include "harness.hpp"

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <utility>

namespace {

std::atomic<std::uint64_t> allocation_count{0};

void* counted(std::size_t size) {
  allocation_count.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size != 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}

}  // namespace

// The shared library's calls come here, too.
void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace bench {

std::uint64_t allocations() noexcept { return allocation_count.load(std::memory_order_relaxed); }

Counter counters[kMaxHooks];

namespace {

constexpr std::size_t kFunctions = 64;

template <std::size_t Index, int Side>
std::int32_t count(runhook_context*, void* user_data, std::int32_t ok) {
  static_cast<Counter*>(user_data)->value += Index * 2 + static_cast<std::size_t>(Side) + 1;
  return ok;
}

template <int Side, std::size_t... Index>
constexpr std::array<runhook_callback, kFunctions> functions(std::index_sequence<Index...>) {
  return {&count<Index, Side>...};
}

constexpr auto before_functions = functions<0>(std::make_index_sequence<kFunctions>());
constexpr auto after_functions = functions<1>(std::make_index_sequence<kFunctions>());

std::int32_t do_nothing(runhook_context*, void*, std::int32_t ok) { return ok; }

}  // namespace

runhook_callback before_function(std::size_t index) noexcept { return before_functions[index % kFunctions]; }
runhook_callback after_function(std::size_t index) noexcept { return after_functions[index % kFunctions]; }
runhook_callback volatile empty_step = &do_nothing;

std::vector<BareHook> bare_hooks(std::size_t count) {
  std::vector<BareHook> hooks;
  for (std::size_t i = 0; i < count; ++i) hooks.push_back({before_function(i), after_function(i), &counters[i]});
  return hooks;
}

void give_up(runhook_error* error) {
  std::fprintf(stderr, "%s\n", runhook_error_to_string(error));
  std::exit(1);
}

runhook_session* empty_session() {
  runhook_session_table table = RUNHOOK_SESSION_TABLE_INIT;
  table.resolve = &do_nothing;
  table.run = &do_nothing;
  runhook_error* error = nullptr;
  runhook_session* session = runhook_session_create(&table, &error);
  if (session == nullptr) give_up(error);
  return session;
}

runhook_monitored_session* monitored(std::size_t hook_count, runhook_session* session) {
  runhook_error* error = nullptr;
  runhook_config* config = runhook_config_create(&error);
  if (session != nullptr) {
    check(runhook_config_set_session(config, session, &error), error);
  } else {
    check(runhook_config_set_inline(config, nullptr, &error), error);
  }
  for (std::size_t i = 0; i < hook_count; ++i) {
    runhook_hook hook = RUNHOOK_HOOK_INIT;
    hook.user_data = &counters[i];
    hook.before_run = before_function(i);
    hook.after_run = after_function(i);
    check(runhook_config_add_hook(config, &hook, nullptr, &error), error);
  }
  runhook_monitored_session* monitored_session = runhook_monitored_session_create(config, &error);
  if (monitored_session == nullptr) give_up(error);
  runhook_config_destroy(config);
  runhook_session_destroy(session);
  return monitored_session;
}

}  // namespace bench
