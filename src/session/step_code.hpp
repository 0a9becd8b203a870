// step_code.hpp: the session's side of a Step: which names there are, and what becomes of them in a step.
#ifndef RUNHOOK_SRC_SESSION_STEP_CODE_HPP_
#define RUNHOOK_SRC_SESSION_STEP_CODE_HPP_

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runhook/step.hpp"

namespace runhook::inline v1 {
namespace detail {

class StepCode {
 public:
  // Which names may be published, or fed; `any`: every name, besides those of the list.
  struct Names {
    std::vector<std::string> list;
    bool any = false;
  };
  // Throws INVALID_ARGUMENT for an empty name, ALREADY_EXISTS for a repeated one.
  StepCode(Names outputs, Names inputs);

  NodeId resolve(std::string_view name);  // throws NOT_FOUND
  // A step begins: what `view` shows from now on. Throws INVALID_ARGUMENT if an output is fed.
  void begin(Step& view, SessionStep& step) {
    if (!step.feeds.empty()) [[unlikely]]
      check_feeds(step);
    cancelled_.store(false, std::memory_order_release);
    ++number_;
    view.code_ = this;
    view.step_ = &step;
  }
  void cancel() noexcept { cancelled_.store(true, std::memory_order_release); }
  // It has been completed: what was fed is given to those who fetch it.
  void give_inputs(SessionStep& step) const;
  // Throws NOT_FOUND if an output is fetched that the step has not published.
  void check_published(const SessionStep& step) const;

 private:
  friend class runhook::v1::Step;
  enum class Use : std::uint8_t { output, input, either };
  struct Name {
    std::string text;
    Use use = Use::output;
    std::uint64_t published_in = 0;  // the step that has published it last
  };
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  void check_feeds(const SessionStep& step) const;
  std::size_t find(std::string_view name, Use use) const noexcept;
  std::size_t find_or_add(std::string_view name, Use use);  // kNone if it is not declared
  void declare(Names& names, Use use);
  bool can_be(Use use) const noexcept { return use == Use::output ? any_output_ : any_input_; }
  std::size_t publish(std::string_view name);  // throws NOT_FOUND
  bool has_output(std::string_view name) { return find_or_add(name, Use::output) != kNone; }
  // What there is instead of a name that is not there, for a message.
  std::string known(std::string_view name, Use use) const;

  std::vector<Name> names_;
  bool any_output_;
  bool any_input_;
  std::uint64_t number_ = 0;  // of the step
  std::atomic<bool> cancelled_{false};
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_SESSION_STEP_CODE_HPP_
