// Adds as many scalars as it is told to a summary writer, so that what that asks of the system can be counted from
// outside: steady_summaries SCALARS.
#include <cstdio>
#include <cstdlib>

#include "harness.hpp"
#include "summaries.hpp"

int main(int argc, char** argv) {
  const long scalars = argc > 1 ? std::atol(argv[1]) : 1000;
  bench::Summaries summaries;
  const std::uint64_t before = bench::allocations();
  summaries.add(scalars);
  std::printf("%llu\n", static_cast<unsigned long long>(bench::allocations() - before));
}
