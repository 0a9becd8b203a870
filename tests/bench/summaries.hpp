// A summary writer in its steady state.
#ifndef RUNHOOK_TESTS_BENCH_SUMMARIES_HPP_
#define RUNHOOK_TESTS_BENCH_SUMMARIES_HPP_

#include <runhook/runhook.h>

#include <cstdint>
#include <string>

namespace bench {

// Writes to a scratch folder. What waits to be written has room already, so that adding asks nothing of the system.
class Summaries {
 public:
  static constexpr std::int64_t kAtMost = 100'000;  // scalars between two calls of write_out()
  Summaries();
  ~Summaries();
  Summaries(const Summaries&) = delete;
  Summaries& operator=(const Summaries&) = delete;
  void add(std::int64_t scalars);
  void write_out();  // and waits for it

 private:
  std::string folder_;
  runhook_summary_writer* writer_ = nullptr;
  std::int64_t step_ = 0;
};

}  // namespace bench

#endif  // RUNHOOK_TESTS_BENCH_SUMMARIES_HPP_
