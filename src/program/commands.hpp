// commands.hpp: the commands of the program `runhook`, and what they share. Each has a file of its name.
#ifndef RUNHOOK_SRC_PROGRAM_COMMANDS_HPP_
#define RUNHOOK_SRC_PROGRAM_COMMANDS_HPP_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "program/json.hpp"

namespace runhook::program {

// The exit status.
enum class Status : int {
  fine = 0,
  wrong = 1,     // with what was looked at: it is damaged, differs, has failed
  not_done = 2,  // wrong usage, nothing there, or the system has refused
};

// What a command says, in both forms, when it is over.
struct Reply {
  Status status = Status::fine;
  Json json;
  std::string text;
};

class Commands {
 public:
  explicit Commands(CLI::App& app) noexcept : app_(app) {}
  // Adds a command, and --json to its options. `run` is kept for when it is the one that is given.
  CLI::App& add(const std::string& name, const std::string& description, std::function<Reply()> run);
  // One whose reply is text only.
  CLI::App& add_plain(const std::string& name, const std::string& description, std::function<Reply()> run);
  // Runs the command that was given, and prints what it says.
  Status run_given();
  const CLI::App& app() const noexcept { return app_; }

 private:
  CLI::App& app_;
  std::function<Reply()> given_;
  bool json_ = false;
};

// The arguments that most commands have: a directory; and a checkpoint, which may be named by its directory and step.
CLI::Option* add_directory(CLI::App& command, std::string& path, const char* word = "DIR");
void add_checkpoint(CLI::App& command, std::string& path, std::optional<std::int64_t>& step);

// Checks of values that say in words what is wanted.
CLI::Validator is_step();      // a whole number that is not negative
CLI::Validator is_positive();  // a whole number above 0

void add_list(Commands& commands);
void add_show(Commands& commands);
void add_verify(Commands& commands);
void add_compare(Commands& commands);
void add_export(Commands& commands);
void add_pin(Commands& commands);
void add_prune(Commands& commands);
void add_runs(Commands& commands);
void add_outcome(Commands& commands);
void add_metrics(Commands& commands);
void add_events(Commands& commands);
void add_completion(Commands& commands);

// Prints on standard output. Whoever has closed the pipe wants no more of it, and nothing is wrong with that.
void print(std::string_view text);
// Says one line on standard error: what is wrong, or what went otherwise than one may think.
void say(std::string_view line) noexcept;

}  // namespace runhook::program

#endif  // RUNHOOK_SRC_PROGRAM_COMMANDS_HPP_
