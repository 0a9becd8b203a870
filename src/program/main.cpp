// runhook: looks at checkpoints and at what runs leave.
#include <csignal>
#include <sstream>
#include <string>

#include "program/commands.hpp"

namespace runhook::program {

namespace {

void add_all(Commands& commands) {
  add_list(commands);
  add_show(commands);
  add_verify(commands);
  add_compare(commands);
  add_export(commands);
  add_pin(commands);
  add_prune(commands);
  add_runs(commands);
  add_outcome(commands);
  add_metrics(commands);
  add_events(commands);
  add_completion(commands);
}

Status parse_and_run(int argc, char** argv) {
  CLI::App app("Looks at checkpoints and at what runs leave", "runhook");
  app.set_version_flag("--version", "runhook " RUNHOOK_VERSION_TEXT, "Print the version and exit");
  app.require_subcommand(1);
  app.footer(
      "Exit status: 0 fine; 1 something is wrong with what was looked at; 2 wrong usage, nothing there, or it could "
      "not be done. See runhook(1).");
  Commands commands(app);
  add_all(commands);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
      std::ostringstream text;  // the help, or the version
      app.exit(error, text, text);
      print(text.str());
      return Status::fine;
    }
    const auto given = app.get_subcommands();
    const std::string command = given.empty() ? "" : given.front()->get_name() + " ";
    say(std::string(error.what()) + ": see 'runhook " + command + "--help'");
    return Status::not_done;
  }
  return commands.run_given();
}

Status run(int argc, char** argv) noexcept {
  try {
    return parse_and_run(argc, argv);
  } catch (...) {
    const Error error = Error::from_current_exception(StatusCode::internal);
    say(error.message());
    return error.code() == StatusCode::data_loss ? Status::wrong : Status::not_done;
  }
}

}  // namespace

}  // namespace runhook::program

int main(int argc, char** argv) {
  // A pipe that nobody reads is told by write().
  std::signal(SIGPIPE, SIG_IGN);
  return static_cast<int>(runhook::program::run(argc, argv));
}
