// Writes one event file into a folder: write_events FOLDER. What is in it is known to read_events.py.
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "runhook/summary_writer.hpp"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  runhook::SummaryWriter writer(argv[1]);
  writer.add_session_log(runhook::SessionLogStatus::start, 0);
  for (std::int64_t step = 1; step <= 5; ++step) {
    writer.add_scalar("loss", 1.0 / static_cast<double>(step), step);
    writer.add_text("note", "step " + std::to_string(step) + ": **\xC3\xBC**", step);

    std::vector<double> numbers;
    for (std::int64_t i = -50; i <= 50; ++i) numbers.push_back(static_cast<double>(i * step) / 7);
    writer.add_histogram("numbers", numbers, step);

    for (const std::int64_t channels : {1, 3, 4}) {
      const std::int64_t shape[] = {4 + step, 3, channels};
      runhook::Value image = runhook::Value::tensor(runhook::DType::uint8, shape);
      auto* bytes = static_cast<std::uint8_t*>(image.mutable_data());
      for (std::size_t i = 0; i < image.byte_size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 7);
      writer.add_image("image" + std::to_string(channels), image, step);
    }
  }
  writer.add_scalar("extreme", std::numeric_limits<double>::infinity(), 1);
  writer.add_scalar("extreme", std::numeric_limits<double>::quiet_NaN(), 2);
  writer.add_session_log(runhook::SessionLogStatus::checkpoint, 5, "model-5", "saved");
  if (!writer.close()) {
    std::fprintf(stderr, "%s\n", writer.take_failure().to_string().c_str());
    return 1;
  }
  std::printf("%s\n", writer.path().c_str());
}
