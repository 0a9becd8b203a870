// Hooks and sessions whose callbacks are C++ functions, for tests of the C ABI.
#ifndef RUNHOOK_TESTS_CAPI_SCRIPTED_HPP_
#define RUNHOOK_TESTS_CAPI_SCRIPTED_HPP_

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "answer.hpp"
#include "checks.hpp"
#include "quiet_config.hpp"

namespace runhook_test {

using Callback = std::function<int32_t(runhook_context*)>;

// A hook that records its callbacks and calls a function in each that has one.
struct ScriptedHook {
  std::map<std::string, Callback> on;
  std::vector<std::string> called;
  int destroyed = 0;
  std::string name = "scripted";

  runhook_hook table() {
    runhook_hook hook = RUNHOOK_HOOK_INIT;
    hook.user_data = this;
    hook.destroy = [](void* self) { ++static_cast<ScriptedHook*>(self)->destroyed; };
    hook.name = name.c_str();
    hook.begin = callback;
    hook.after_create_session = callback;
    hook.before_run = callback;
    hook.after_run = callback;
    hook.on_error = callback;
    hook.end = callback;
    hook.cleanup = callback;
    return hook;
  }
  int count(const std::string& callback_name) const {
    return static_cast<int>(std::count(called.begin(), called.end(), callback_name));
  }

 private:
  static int32_t callback(runhook_context* context, void* user_data, int32_t ok) {
    auto& self = *static_cast<ScriptedHook*>(user_data);
    const char* const text = runhook_context_callback_name(context);
    if (text == nullptr) return RUNHOOK_CALLBACK_FAILED;
    const std::string which = text;
    self.called.push_back(which);
    const auto found = self.on.find(which);
    return found == self.on.end() ? ok : answer(found->second(context), ok);
  }
};

// A runhook_function that calls `body`, which has to outlive it.
inline runhook_function function_of(Callback& body, int* destroyed = nullptr) {
  struct Data {
    Callback* body;
    int* destroyed;
  };
  runhook_function function = RUNHOOK_FUNCTION_INIT;
  function.user_data = new Data{&body, destroyed};
  function.destroy = [](void* user_data) {
    auto* data = static_cast<Data*>(user_data);
    if (data->destroyed != nullptr) ++*data->destroyed;
    delete data;
  };
  function.call = [](runhook_context* context, void* user_data, int32_t ok) {
    return answer((*static_cast<Data*>(user_data)->body)(context), ok);
  };
  return function;
}

// A monitored session over a function session with the output "y" and the input "x", made anew as often as needed.
class Loop {
 public:
  Callback step = [](runhook_context* context) {
    return runhook_step_set_double(context, "y", 1, nullptr) == RUNHOOK_OK ? kOk : RUNHOOK_CALLBACK_FAILED;
  };
  Callback create = [this](runhook_context* context) {
    ++sessions;
    const runhook_function function = function_of(step);
    const char* const outputs[] = {"y"};
    const char* const inputs[] = {"x"};
    runhook_session* raw = runhook_function_session_create(&function, outputs, 1, inputs, 1, nullptr);
    const auto status = runhook_context_set_session(context, raw, nullptr);
    runhook_session_destroy(raw);
    return status == RUNHOOK_OK ? kOk : RUNHOOK_CALLBACK_FAILED;
  };
  int sessions = 0;
  runhook_config* config = runhook_config_create(nullptr);
  runhook_monitored_session* session = nullptr;
  Caught error;

  Loop() {
    const runhook_function function = function_of(create);
    runhook_session_creator* creator = runhook_session_creator_create(&function, nullptr);
    runhook_config_set_session_creator(config, creator, nullptr);
    runhook_session_creator_destroy(creator);
    quieten(config);
    recover_at_once(config);
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop() {
    runhook_monitored_session_destroy(session);
    runhook_config_destroy(config);
  }
  runhook_status add(ScriptedHook& hook, const runhook_hook_options* options = nullptr) {
    const runhook_hook table = hook.table();
    return runhook_config_add_hook(config, &table, options, error.out());
  }
  bool start() {
    session = runhook_monitored_session_create(config, error.out());
    return session != nullptr;
  }
  runhook_status run(runhook_run_args* args = nullptr, runhook_results* results = nullptr) {
    return runhook_monitored_session_run(session, args, results, error.out());
  }
  runhook_status close() { return runhook_monitored_session_close(session, error.out()); }
};

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_CAPI_SCRIPTED_HPP_
