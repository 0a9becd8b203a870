// Writes the same rows as JSON Lines and as CSV, in two sessions that continue each other: metrics_rows FOLDER. What is
// in them is known to metrics_read.py.
#include <array>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runhook/function_session.hpp"
#include "runhook/hooks/metrics.hpp"
#include "runhook/monitored_session.hpp"

namespace {

using namespace runhook;

std::map<std::string, Value> values_of(std::int64_t n) {
  const auto x = static_cast<double>(n);
  const std::array<double, 5> special{std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
                                      -std::numeric_limits<double>::infinity(), -0.0,
                                      std::numeric_limits<double>::denorm_min()};
  const std::array<const char*, 7> texts{"plain",
                                         "say \"no\", please",
                                         "two\nlines\r\nand\ttab",
                                         "",
                                         " spaced ",
                                         "\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80",
                                         "\x01 {\"a\": [1]}"};
  const std::array<std::int64_t, 2> square{2, 2};
  const std::array<float, 4> floats{static_cast<float>(0.1 * x), 1, -2.5F, static_cast<float>(1 / x)};
  const std::array<std::uint64_t, 1> most{std::numeric_limits<std::uint64_t>::max() - static_cast<std::uint64_t>(n)};
  return {{"third", Value::scalar(x / 3)},
          {"single", Value::scalar(static_cast<float>(x) / 3)},
          {"huge", Value::scalar(1e300 * x)},
          {"whole", Value::scalar(x * 1e6)},
          {"special", Value::scalar(special[static_cast<std::size_t>(n) % special.size()])},
          {"least", Value::scalar(std::numeric_limits<std::int64_t>::min() + n)},
          {"most", Value::copy_of(DType::uint64, {}, most.data())},
          {"even", Value::scalar(n % 2 == 0)},
          {"te\"xt, of\n\xC3\xA9", Value::string(texts[static_cast<std::size_t>(n) % texts.size()])},
          {"bytes", Value::bytes(std::as_bytes(std::span("\x00\xFF", 2)))},
          {"square", Value::copy_of(DType::float32, square, floats.data())},
          {"none", Value()}};
}

void run(const std::string& folder, std::int64_t first, std::int64_t runs) {
  std::vector<std::string> names;
  for (const auto& [name, value] : values_of(1)) names.push_back(name);
  std::int64_t n = first;
  Config config;
  config.session_creator = std::make_shared<ChiefSessionCreator>(
      [&] {
        return std::make_shared<FunctionSession>(
            [&](FunctionSession::Step& step) {
              for (const auto& [name, value] : values_of(n)) {
                if (value) step.set_output(name, value);
              }
              ++n;
            },
            names);
      },
      std::make_shared<Scaffold>());
  config.add_hook(MetricsHook::make({.path = folder + "/metrics.jsonl", .names = names}));
  config.add_hook(MetricsHook::make({.path = folder + "/metrics.csv", .format = MetricsFormat::csv, .names = names}));
  MonitoredSession session(config);
  session.run_until_stop({}, runs);
  session.close();
  if (session.outcome().warnings > 0) throw StatusError(session.outcome().first_warning);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  try {
    run(argv[1], 1, 20);
    run(argv[1], 21, 15);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
