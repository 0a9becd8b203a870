// runhook/function_session.hpp: a session made of one function, for programs that have a loop body already.
#ifndef RUNHOOK_FUNCTION_SESSION_HPP_
#define RUNHOOK_FUNCTION_SESSION_HPP_

#include <atomic>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runhook/session.hpp"

namespace runhook::inline v1 {

// Executes a step by calling a function, which may publish outputs and read inputs by name. Since 1.0.
class FunctionSession final : public Session {
 public:
  // What the function gets during a step.
  class Step {
   public:
    const Value* input(std::string_view name) const noexcept;  // what was fed; NULL if nothing was
    bool wanted(std::string_view output) const noexcept;       // whether anybody fetches it in this step
    void set_output(std::string_view name, Value value);       // throws NOT_FOUND for a name that was not declared
    const RunOptions& options() const noexcept { return *step_.options; }
    bool cancel_requested() const noexcept;  // a stop is urgent, or the step's time is over
    const SessionStep& step() const noexcept { return step_; }

   private:
    friend class FunctionSession;
    Step(FunctionSession& session, SessionStep& step) noexcept : session_(session), step_(step) {}
    FunctionSession& session_;
    SessionStep& step_;
  };
  using Function = std::function<void(Step&)>;

  // `outputs` are the names that can be fetched, `inputs` those that can be fed, and fetched, too. Throws
  // INVALID_ARGUMENT without a function or for an empty name, ALREADY_EXISTS for a repeated one.
  explicit FunctionSession(Function step, std::vector<std::string> outputs = {}, std::vector<std::string> inputs = {});
  NodeId resolve(std::string_view name) override;
  void run(SessionStep& step) override;
  void cancel() noexcept override { cancelled_.store(true, std::memory_order_release); }
  void close() override;

 private:
  Function function_;
  std::vector<std::string> names_;  // outputs, then inputs
  std::size_t output_count_;
  std::atomic<bool> cancelled_{false};
  bool closed_ = false;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_FUNCTION_SESSION_HPP_
