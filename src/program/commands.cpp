#include "program/commands.hpp"

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <utility>

#include "base/format.hpp"
#include "base/one_line.hpp"
#include "output/sink.hpp"

namespace runhook::program {

CLI::App& Commands::add_plain(const std::string& name, const std::string& description, std::function<Reply()> run) {
  CLI::App* const command = app_.add_subcommand(name, description);
  command->callback([this, run = std::move(run)] { given_ = run; });
  return *command;
}

CLI::App& Commands::add(const std::string& name, const std::string& description, std::function<Reply()> run) {
  CLI::App& command = add_plain(name, description, std::move(run));
  command.add_flag("--json", json_, "Print one JSON document");
  return command;
}

// All at once, when it is known how the command has ended.
Status Commands::run_given() {
  const Reply reply = given_();
  print(json_ ? json_text(reply.json) : reply.text);
  return reply.status;
}

void print(std::string_view text) {
  errno = 0;
  if (detail::write_all(STDOUT_FILENO, text) < text.size() && errno != EPIPE) {
    throw StatusError(detail::system_error(errno, "writing to", "standard output"));
  }
}

namespace {

CLI::Validator is_at_least(std::int64_t least, std::string_view wanted) {
  const auto check = [least, wanted](const std::string& text) -> std::string {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size() && number >= least) return {};
    return fmt::format("'{}' is no {}", text, wanted);
  };
  return CLI::Validator(check, "");
}

}  // namespace

CLI::Validator is_step() { return is_at_least(0, "step"); }
CLI::Validator is_positive() { return is_at_least(1, "whole number above 0"); }

CLI::Option* add_directory(CLI::App& command, std::string& path, const char* word) {
  return command.add_option(word, path, "Of checkpoints, or of a run that has some")->required()->type_name("");
}

void add_checkpoint(CLI::App& command, std::string& path, std::optional<std::int64_t>& step) {
  add_directory(command, path)
      ->description("Of checkpoints, or of a run that has some; DIR@STEP; or of one checkpoint");
  command.add_option("STEP", step, "Of the checkpoint; the newest one, if none is given")
      ->check(is_step())
      ->type_name("");
}

void say(std::string_view line) noexcept {
  try {
    detail::write_all(STDERR_FILENO, "runhook: " + detail::one_line(line) + "\n");
  } catch (...) {  // NOLINT(bugprone-empty-catch): then nobody can be told
  }
}

}  // namespace runhook::program
