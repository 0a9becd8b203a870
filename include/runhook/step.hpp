// runhook/step.hpp: what the code of a step gets: what is fed to it, and where its outputs go.
#ifndef RUNHOOK_STEP_HPP_
#define RUNHOOK_STEP_HPP_

#include <cstdint>
#include <string_view>

#include "runhook/session.hpp"

namespace runhook::inline v1 {

namespace detail {
class StepCode;
}

// A step whose code is one piece: the function of a FunctionSession, or the body of a loop that stays where it is.
// Valid during the step. Since 1.0.
class Step {
 public:
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  const Value* input(std::string_view name) const noexcept;  // what was fed; NULL if nothing was
  bool wanted(std::string_view output) const noexcept;       // whether anybody fetches it in this step
  // Publishes an output, whether or not it is fetched. Throws NOT_FOUND for a name that was not declared.
  void set_output(std::string_view name, Value value);
  void set(std::string_view name, double number);  // likewise; makes no value if nobody fetches it
  void set(std::string_view name, std::int64_t number);
  void set(std::string_view name, int number) { set(name, std::int64_t{number}); }

  // As SessionRunContext::log_scalar() and its siblings. What is logged under the name of an output is published, too.
  // Outside a monitored session only that is done.
  void log_scalar(std::string_view name, double number);
  void log_int64(std::string_view name, std::int64_t number);
  void log_text(std::string_view name, std::string_view text);

  const RunOptions& options() const noexcept { return *step_->options; }
  bool cancel_requested() const noexcept;  // a stop is urgent, or the step's time is over
  const SessionStep& step() const noexcept { return *step_; }

 protected:
  Step() noexcept = default;
  ~Step() = default;

 private:
  friend class detail::StepCode;
  detail::StepCode* code_ = nullptr;
  SessionStep* step_ = nullptr;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_STEP_HPP_
