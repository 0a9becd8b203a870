// Sessions as C makes them: an engine behind checks that C cannot be trusted to make itself.
#ifndef RUNHOOK_CAPI_HANDLE_GUARDED_SESSION_HPP_
#define RUNHOOK_CAPI_HANDLE_GUARDED_SESSION_HPP_

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runhook/session.hpp"
#include "runhook/thread_token.hpp"

namespace runhook::capi {

// A session that refuses calls from its own engine, and all calls after it was closed. It is closed at the latest when
// it is destroyed.
class GuardedSession : public Session, public std::enable_shared_from_this<GuardedSession> {
 public:
  bool closed() const noexcept { return user_.load(std::memory_order_acquire) == kClosed; }
  virtual void* user_data() const noexcept = 0;  // of the engine; NULL if it has none
  // Throws REENTRANT or BUSY while the engine is called.
  void check_idle() const {
    if (!closed() && user_.load(std::memory_order_relaxed) != nullptr) refuse();
  }

 protected:
  // Marks the engine as being called. The thread is only for the message: it is up to the caller to use the session on
  // one thread at a time.
  class Use {
   public:
    explicit Use(GuardedSession& session) : session_(session) {
      if (session.user_.load(std::memory_order_acquire) != nullptr) [[unlikely]]
        session.refuse();
      session.user_.store(thread_token(), std::memory_order_relaxed);
    }
    ~Use() { session_.user_.store(nullptr, std::memory_order_relaxed); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    GuardedSession& session_;
  };
  bool mark_closed() noexcept { return user_.exchange(kClosed, std::memory_order_acq_rel) != kClosed; }

 private:
  [[noreturn]] void refuse() const;

  static constexpr char kClosedMark = 0;
  static constexpr ThreadToken kClosed = &kClosedMark;
  std::atomic<ThreadToken> user_{nullptr};  // the thread that calls the engine, or kClosed
};

// An engine that is a session of the core, for one that adds to it.
template <class Core>
class CoreEngine {
 public:
  template <class... Args>
  explicit CoreEngine(Args&&... args) : session_(std::forward<Args>(args)...) {}
  NodeId resolve(std::string_view name) { return session_.resolve(name); }
  void run(SessionStep& step) { session_.run(step); }
  void cancel() noexcept { session_.cancel(); }
  void close() { session_.close(); }
  std::optional<NodeId> global_step() { return session_.global_step(); }
  std::optional<std::int64_t> read_global_step() { return session_.read_global_step(); }
  std::vector<std::string> variables(VariableScope scope) { return session_.variables(scope); }
  std::vector<std::string> uninitialized(VariableScope scope) { return session_.uninitialized(scope); }
  void initialize(VariableScope scope) { session_.initialize(scope); }
  Value read_variable(std::string_view name) { return session_.read_variable(name); }
  void write_variable(std::string_view name, const Value& value) { session_.write_variable(name, value); }

 private:
  Core session_;
};

// `Engine` has the members of Session that are forwarded to; it need not derive from it.
template <class Engine>
class Guarded final : public GuardedSession {
 public:
  template <class... Args>
  explicit Guarded(Args&&... args) : engine_(std::forward<Args>(args)...) {}
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  ~Guarded() override {
    if (!mark_closed()) return;
    try {
      engine_.close();
    } catch (...) {  // NOLINT(bugprone-empty-catch): nobody is left who could be told
    }
  }

  void* user_data() const noexcept override {
    if constexpr (requires { engine_.user_data(); }) return engine_.user_data();
    return nullptr;
  }
  NodeId resolve(std::string_view name) override {
    const Use use(*this);
    return engine_.resolve(name);
  }
  void run(SessionStep& step) override {
    const Use use(*this);
    engine_.run(step);
  }
  void cancel() noexcept override { engine_.cancel(); }
  void close() override {
    check_idle();
    if (mark_closed()) engine_.close();
  }
  std::optional<NodeId> global_step() override {
    const Use use(*this);
    return engine_.global_step();
  }
  std::optional<std::int64_t> read_global_step() override {
    const Use use(*this);
    return engine_.read_global_step();
  }
  std::vector<std::string> variables(VariableScope scope) override {
    const Use use(*this);
    return engine_.variables(scope);
  }
  std::vector<std::string> uninitialized(VariableScope scope) override {
    const Use use(*this);
    return engine_.uninitialized(scope);
  }
  void initialize(VariableScope scope) override {
    const Use use(*this);
    engine_.initialize(scope);
  }
  Value read_variable(std::string_view name) override {
    const Use use(*this);
    return engine_.read_variable(name);
  }
  void write_variable(std::string_view name, const Value& value) override {
    const Use use(*this);
    engine_.write_variable(name, value);
  }

 private:
  Engine engine_;
};

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_HANDLE_GUARDED_SESSION_HPP_
