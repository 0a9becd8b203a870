// runhook/scaffold.hpp: the pieces that make a raw session ready.
#ifndef RUNHOOK_SCAFFOLD_HPP_
#define RUNHOOK_SCAFFOLD_HPP_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runhook/session.hpp"
#include "runhook/snapshot.hpp"

namespace runhook::inline v1 {

// Holds the pieces that make a session ready, i.e. give all its variables their values. Defaults are set by finalize()
// only. After tf.train.Scaffold. Since 1.0.
class Scaffold {
 public:
  using Op = std::function<void(Session&)>;
  using InitFn = std::function<void(const Scaffold&, Session&)>;
  using Probe = std::function<std::vector<std::string>(Session&)>;  // returns what is missing; empty means ready

  Op init_op;                     // default: initialises all global variables
  InitFn init_fn;                 // default: none
  Probe ready_op;                 // default: names all uninitialised variables
  Probe ready_for_local_init_op;  // default: names the uninitialised global variables
  Op local_init_op;               // default: initialises all local variables
  std::shared_ptr<Saver> saver;   // default: none. Restores new sessions, and saves when that is requested

  Scaffold() = default;
  // A copy of `source`, with the pieces of `overrides` instead of its own where these are set.
  static Scaffold copy_from(const Scaffold& source, Scaffold overrides);
  // Makes an op that runs `args` on the raw session.
  static Op run_op(SessionRunArgs args);
  // Makes a probe that fetches `name`: absent, an empty tensor, a numeric tensor or an empty string means ready; else
  // the text is what is missing. Error::uninitialized(), or another FAILED_PRECONDITION with "uninitialized" in its
  // text, means not ready, too.
  static Probe fetch_probe(std::string name);

  // Sets every missing piece that has a default. Doing so again changes nothing.
  void finalize();
  bool finalized() const noexcept { return finalized_; }

 private:
  bool finalized_ = false;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_SCAFFOLD_HPP_
