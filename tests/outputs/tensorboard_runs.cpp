// Writes event files for TensorBoard: tensorboard_runs FOLDER. What is to be shown of them is known to tensorboard_read.py.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "runhook/summary_writer.hpp"

namespace {

using namespace runhook;

void close(SummaryWriter& writer) {
  if (!writer.close()) throw StatusError(writer.take_failure());
}

void write_kinds(const std::string& folder) {
  SummaryWriter writer(folder);
  writer.add_session_log(SessionLogStatus::start, 0);
  for (std::int64_t step = 1; step <= 5; ++step) {
    writer.add_scalar("train/loss", 1.0 / static_cast<double>(step), step);
    writer.add_text("note", "step " + std::to_string(step) + ": **\xC3\xBC**", step);
    std::vector<double> numbers;
    for (std::int64_t i = -50; i <= 50; ++i) numbers.push_back(static_cast<double>(i * step) / 7);
    writer.add_histogram("numbers", numbers, step);
    const std::int64_t shape[] = {4, 3, 3};
    Value image = Value::tensor(DType::uint8, shape);
    auto* bytes = static_cast<std::uint8_t*>(image.mutable_data());
    for (std::size_t i = 0; i < image.byte_size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 7);
    writer.add_image("image", image, step);
  }
  close(writer);
}

// Ten steps; then the process is gone, and another one goes on from step 5.
void write_restarted(const std::string& folder) {
  SummaryWriter first(folder);
  first.add_session_log(SessionLogStatus::start, 0);
  for (std::int64_t step = 1; step <= 10; ++step) first.add_scalar("loss", 1, step);
  close(first);
  SummaryWriter second(folder);
  second.add_session_log(SessionLogStatus::start, 5);
  for (std::int64_t step = 6; step <= 8; ++step) second.add_scalar("loss", 2, step);
  close(second);
}

// Files that are begun anew before they become too large.
void write_limited(const std::string& folder) {
  SummaryWriterOptions options;
  options.output.max_bytes = 20000;
  SummaryWriter writer(folder, options);
  for (std::int64_t step = 1; step <= 1000; ++step) {
    writer.add_scalar("loss", static_cast<double>(step), step);
    if (step % 20 == 0) writer.sync();
  }
  close(writer);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string folder = argv[1];
  try {
    write_kinds(folder + "/kinds");
    write_restarted(folder + "/restarted");
    write_limited(folder + "/limited");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
