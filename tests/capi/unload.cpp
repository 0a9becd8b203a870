// Loads the shared library, leaves it a thread that hangs, and unloads it again: the thread still runs the library's
// code when what it hangs in returns.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <type_traits>

#include "runhook/runhook.h"

namespace {

void* library = nullptr;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  std::exit(1);
}

template <class Function>
Function find(const char* name) {
  void* const found = dlsym(library, name);
  if (found == nullptr) fail(name);
  return reinterpret_cast<Function>(found);
}
#define RUNHOOK_FIND(function) find<std::add_pointer_t<decltype(function)>>(#function)

int32_t step(runhook_context* context, void* set_double, int32_t ok) {
  reinterpret_cast<decltype(&runhook_step_set_double)>(set_double)(context, "loss", 1, nullptr);
  return ok;
}

// Ends a session whose metrics nobody reads.
void use_library(const char* fifo) {
  const char* const names[] = {"loss"};
  runhook_function function = RUNHOOK_FUNCTION_INIT;
  function.call = step;
  function.user_data = dlsym(library, "runhook_step_set_double");
  runhook_session* const session =
      RUNHOOK_FIND(runhook_function_session_create)(&function, names, 1, nullptr, 0, nullptr);
  runhook_config* const config = RUNHOOK_FIND(runhook_config_create)(nullptr);
  RUNHOOK_FIND(runhook_config_set_session)(config, session, nullptr);
  runhook_metrics_options options = RUNHOOK_METRICS_OPTIONS_INIT;
  options.path = fifo;
  options.names = names;
  options.name_count = 1;
  options.close_timeout_ns = 100'000'000;
  runhook_builtin_hook* const hook = RUNHOOK_FIND(runhook_metrics_hook_create)(&options, nullptr);
  RUNHOOK_FIND(runhook_config_add_builtin_hook)(config, hook, nullptr, nullptr);
  RUNHOOK_FIND(runhook_builtin_hook_destroy)(hook);
  runhook_log quiet = RUNHOOK_LOG_INIT;
  quiet.write = [](const runhook_log_record*, void*) {};
  RUNHOOK_FIND(runhook_config_set_log)(config, &quiet, nullptr);
  runhook_monitored_session* const loop = RUNHOOK_FIND(runhook_monitored_session_create)(config, nullptr);
  RUNHOOK_FIND(runhook_monitored_session_run_until_stop)(loop, nullptr, 3000, nullptr, nullptr);
  RUNHOOK_FIND(runhook_monitored_session_destroy)(loop);
  RUNHOOK_FIND(runhook_config_destroy)(config);
  RUNHOOK_FIND(runhook_session_destroy)(session);
  if (RUNHOOK_FIND(runhook_live_handles)() != 0) fail("handles are left");
}

// Sanitizers have threads of their own.
bool output_thread_lives() {
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::array<char, 32> name{};
    std::FILE* const file = std::fopen((task.path() / "comm").c_str(), "r");
    if (file == nullptr) continue;
    const bool read = std::fgets(name.data(), name.size(), file) != nullptr;
    std::fclose(file);
    if (read && std::string(name.data()) == "runhook-output\n") return true;
  }
  return false;
}

}  // namespace

int main(int, char** argv) {
  std::string folder = std::filesystem::temp_directory_path() / "runhook-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) fail("no folder");
  const std::string fifo = folder + "/metrics.jsonl";
  if (mkfifo(fifo.c_str(), 0600) != 0) fail("no fifo");
  library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) fail(dlerror());
  use_library(fifo.c_str());
  dlclose(library);
  if (!output_thread_lives()) fail("the thread does not hang");
  const int reader = open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  std::array<char, 65536> buffer{};
  while (output_thread_lives()) {
    if (read(reader, buffer.data(), buffer.size()) <= 0) usleep(1000);
  }
  close(reader);
  std::filesystem::remove_all(folder);
  return 0;
}
