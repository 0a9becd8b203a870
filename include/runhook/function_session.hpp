// runhook/function_session.hpp: a session made of one function, for programs that have a loop body already.
#ifndef RUNHOOK_FUNCTION_SESSION_HPP_
#define RUNHOOK_FUNCTION_SESSION_HPP_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runhook/step.hpp"

namespace runhook::inline v1 {

// Executes a step by calling a function, which may publish outputs and read inputs by name. Since 1.0.
class FunctionSession final : public Session {
 public:
  using Step = runhook::v1::Step;  // what the function gets
  using Function = std::function<void(Step&)>;

  // `outputs` are the names that can be fetched, `inputs` those that can be fed, and fetched, too. Throws
  // INVALID_ARGUMENT without a function or for an empty name, ALREADY_EXISTS for a repeated one.
  explicit FunctionSession(Function step, std::vector<std::string> outputs = {}, std::vector<std::string> inputs = {});
  ~FunctionSession() override;
  NodeId resolve(std::string_view name) override;
  void run(SessionStep& step) override;
  void cancel() noexcept override;
  void close() override;

 private:
  Function function_;
  const std::unique_ptr<detail::StepCode> code_;
  bool closed_ = false;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_FUNCTION_SESSION_HPP_
