#include "base/format.hpp"
#include "program/commands.hpp"
#include "program/places.hpp"

namespace runhook::program {

namespace {

struct PinOptions {
  std::string path;
  std::optional<std::int64_t> step;
};

Reply pin(const PinOptions& options, bool pinned) {
  const CheckpointPlace place = checkpoint_place(options.path, options.step);
  const StoredCheckpoint checkpoint = open_place(place);
  pin_checkpoint(place.directory, checkpoint.step(), pinned);
  Reply reply;
  reply.json = {{"step", checkpoint.step()}, {"path", checkpoint.summary().path}, {"pinned", pinned}};
  reply.text = fmt::format("step {} {}\n", checkpoint.step(),
                           pinned ? "is kept whatever the policy says" : "is pinned no longer");
  return reply;
}

void add_pinning(Commands& commands, const std::string& name, const std::string& description, bool pinned) {
  const auto options = std::make_shared<PinOptions>();
  CLI::App& command = commands.add(name, description, [options, pinned] { return pin(*options, pinned); });
  add_checkpoint(command, options->path, options->step);
}

}  // namespace

void add_pin(Commands& commands) {
  add_pinning(commands, "pin", "Have a checkpoint kept, whatever is deleted otherwise", true);
  add_pinning(commands, "unpin", "Have it kept no longer than others", false);
}

}  // namespace runhook::program
