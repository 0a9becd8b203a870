// runhook/inline_session.hpp: sessions for a loop that stays where it is: its body is the step.
#ifndef RUNHOOK_INLINE_SESSION_HPP_
#define RUNHOOK_INLINE_SESSION_HPP_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runhook/session_creator.hpp"

namespace runhook::inline v1 {

// What is known of a loop whose body is the caller's own code. Since 1.0.
struct InlineOptions {
  // The names that the body publishes and that can be fetched; nullopt: any. A name that is fetched in a step that
  // does not publish it fails the step with NOT_FOUND.
  std::optional<std::vector<std::string>> outputs = {};
  std::optional<std::vector<std::string>> inputs = {};  // the names that can be fed; nullopt: any
  std::int64_t initial_step = 0;      // the global step at which a program that resumes by itself begins
  std::int64_t max_steps = 0;         // how many steps next() makes, wherever the run goes on from; those that a
                                      // recovery has undone count once; 0: no limit
  std::shared_ptr<Saver> saver = {};  // saves in next() and end_step() only, and restores on creation
};

// Makes sessions for MonitoredSession::next(). Throws INVALID_ARGUMENT for a negative initial_step or max_steps, and
// for an empty name; ALREADY_EXISTS for a repeated one. Since 1.0.
std::shared_ptr<SessionCreator> inline_session_creator(InlineOptions options = {});

}  // namespace runhook::inline v1

#endif  // RUNHOOK_INLINE_SESSION_HPP_
