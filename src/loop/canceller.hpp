// canceller.hpp: what an urgent stop request calls.
#ifndef RUNHOOK_SRC_LOOP_CANCELLER_HPP_
#define RUNHOOK_SRC_LOOP_CANCELLER_HPP_

#include <memory>
#include <mutex>
#include <utility>

#include "runhook/session.hpp"

namespace runhook::inline v1 {
namespace detail {

// Cancels the step of the present session. Shared with the stop state, so that it may outlive the loop.
class Canceller {
 public:
  void set(std::shared_ptr<Session> session) {
    const std::lock_guard lock(mutex_);
    session_ = std::move(session);
  }
  void cancel() noexcept {
    std::shared_ptr<Session> session;
    {
      const std::lock_guard lock(mutex_);
      session = session_;
    }
    if (session != nullptr) session->cancel();  // which may end the session, and come back here
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<Session> session_;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_LOOP_CANCELLER_HPP_
