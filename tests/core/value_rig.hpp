// A loop whose session publishes values, on a clock that is moved by hand.
#ifndef RUNHOOK_TESTS_CORE_VALUE_RIG_HPP_
#define RUNHOOK_TESTS_CORE_VALUE_RIG_HPP_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/loop_rig.hpp"
#include "ends.hpp"
#include "folder.hpp"

namespace runhook_test {

// Each run calls `before_step` and publishes `values`. Which of them were fetched is counted.
struct ValueRig : LoopRig {
  ValueRig() {
    config.clock = clock;
    make = [this] {
      std::vector<std::string> names;
      for (const auto& [name, value] : values) names.push_back(name);
      return std::make_shared<runhook::FunctionSession>(
          [this](runhook::FunctionSession::Step& call) {
            ++steps;
            if (before_step) before_step(steps);
            for (const auto& [name, value] : values) {
              if (!call.wanted(name)) continue;
              ++fetched[name];
              call.set_output(name, value);
            }
          },
          names);
    };
  }
  // Runs so many steps, and closes.
  runhook::Outcome run(std::int64_t runs) {
    const auto session = start();
    session->run_until_stop({}, runs);
    session->close();
    return session->outcome();
  }

  std::shared_ptr<runhook::ManualClock> clock = std::make_shared<runhook::ManualClock>(1'000'000'000);
  std::map<std::string, runhook::Value> values;
  std::function<void(int)> before_step;
  std::map<std::string, int> fetched;
};

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_CORE_VALUE_RIG_HPP_
