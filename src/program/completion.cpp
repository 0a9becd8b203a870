#include <algorithm>
#include <utility>

#include "base/format.hpp"
#include "program/commands.hpp"

namespace runhook::program {

namespace {

// What may stand in a place of the command line.
struct Place {
  enum class Kind { none, directory, file, choice };
  Kind kind = Kind::none;
  std::vector<std::string> choices;
  bool repeats = false;
};

struct OptionFacts {
  std::vector<std::string> names;  // with their dashes
  std::string description;
  bool has_value = false;
  Place value;
};

struct CommandFacts {
  std::string name;
  std::string description;
  std::vector<OptionFacts> options;
  std::vector<std::pair<std::string, Place>> positionals;

  std::string names_of_options(bool only_with_value) const {
    std::string all;
    for (const OptionFacts& option : options) {
      if (only_with_value && !option.has_value) continue;
      for (const std::string& one : option.names) all += (all.empty() ? "" : " ") + one;
    }
    return all;
  }
};

Place place_of(const CLI::Option& option, const std::string& word) {
  Place place;
  place.repeats = option.get_expected_max() > 1;
  if (word == "DIR" || word == "A" || word == "B") place.kind = Place::Kind::directory;
  if (word == "FILE" || word == "PATH") place.kind = Place::Kind::file;
  const std::string type = option.get_type_name();  // of a choice: "{one,other}"
  const std::size_t begin = type.find('{');
  if (begin != std::string::npos) {
    place.kind = Place::Kind::choice;
    place.choices = CLI::detail::split(type.substr(begin + 1, type.find('}') - begin - 1), ',');
  }
  return place;
}

CommandFacts command_facts(const CLI::App& app) {
  CommandFacts facts;
  facts.name = app.get_name();
  facts.description = app.get_description();
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      const std::string word = option->get_name(true);
      facts.positionals.emplace_back(word, place_of(*option, word));
      continue;
    }
    OptionFacts one;
    for (const std::string& name : option->get_snames()) one.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) one.names.push_back("--" + name);
    one.description = option->get_description();
    one.has_value = option->get_items_expected_max() > 0;
    one.value = place_of(*option, option->get_type_name());
    facts.options.push_back(std::move(one));
  }
  return facts;
}

std::vector<CommandFacts> commands_of(const CLI::App& app) {
  std::vector<CommandFacts> all;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    all.push_back(command_facts(*command));
  }
  return all;
}

std::string with_backslashes(std::string_view text, std::string_view special) {
  std::string escaped;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string in_quotes(std::string_view text) {
  std::string all = "'";
  for (const char c : text) {
    if (c == '\'') {
      all += "'\\''";
    } else {
      all += c;
    }
  }
  return all + "'";
}

std::string joined_with_blanks(const std::vector<std::string>& words) { return CLI::detail::join(words, " "); }

// ---- bash

std::string bash_kind(const Place& place) {
  switch (place.kind) {
    case Place::Kind::directory:
      return "directory";
    case Place::Kind::file:
      return "file";
    case Place::Kind::choice:
      return in_quotes("words " + joined_with_blanks(place.choices));
    case Place::Kind::none:
      break;
  }
  return "none";
}

std::string bash_script(const CLI::App& app) {
  const std::string& name = app.get_name();
  std::string cases, values, all_names;
  for (const CommandFacts& command : commands_of(app)) {
    std::string kinds;
    for (const auto& [word, place] : command.positionals) {
      kinds += (kinds.empty() ? "" : " ") + bash_kind(place);
      if (place.repeats) kinds += " repeated";
    }
    cases += fmt::format("    {}) options={} with_value={} kinds=({}) ;;\n", command.name,
                         in_quotes(command.names_of_options(false)), in_quotes(command.names_of_options(true)), kinds);
    for (const OptionFacts& option : command.options) {
      if (!option.has_value) continue;
      for (const std::string& option_name : option.names) {
        values += fmt::format("    '{} {}') kind={} ;;\n", command.name, option_name, bash_kind(option.value));
      }
    }
    all_names += command.name + " ";
  }
  return fmt::format(R"(# bash completion of {0}, printed by '{0} completion bash'
_{0}() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}}
  local command= options= with_value= kind=none at=0 i
  local -a kinds=()
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ ${{COMP_WORDS[i]}} == -* ]] || {{ command=${{COMP_WORDS[i]}}; break; }}
  done
  if [[ -z $command ]]; then
    mapfile -t COMPREPLY < <(compgen -W {1} -- "$word")
    return
  fi
  case $command in
{2}    *) return ;;
  esac
  for ((i++; i < COMP_CWORD; i++)); do
    [[ ${{COMP_WORDS[i]}} == -* || " $with_value " == *" ${{COMP_WORDS[i - 1]}} "* ]] || ((at++))
  done
  ((at >= ${{#kinds[@]}})) && [[ ${{kinds[${{#kinds[@]}} - 1]}} == repeated ]] && at=$((${{#kinds[@]}} - 2))
  kind=${{kinds[at]:-none}}
  case "$command $before" in
{3}    *)
      if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
        return
      fi
      ;;
  esac
  case $kind in
    directory) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    words\ *) mapfile -t COMPREPLY < <(compgen -W "${{kind#words }}" -- "$word") ;;
  esac
}}
complete -F _{0} {0}
)",
                     name, in_quotes(all_names + command_facts(app).names_of_options(false)), cases, values);
}

// ---- zsh

std::string zsh_action(const Place& place) {
  switch (place.kind) {
    case Place::Kind::directory:
      return "_directories";
    case Place::Kind::file:
      return "_files";
    case Place::Kind::choice:
      return "(" + joined_with_blanks(place.choices) + ")";
    case Place::Kind::none:
      break;
  }
  return " ";
}

std::string zsh_options(const CommandFacts& command) {
  std::string all;
  for (const OptionFacts& option : command.options) {
    for (const std::string& name : option.names) {
      std::string spec = name + "[" + with_backslashes(option.description, "[]:\\") + "]";
      if (option.has_value) spec += ":value:" + zsh_action(option.value);
      all += " \\\n        " + in_quotes(spec);
    }
  }
  return all;
}

std::string zsh_script(const CLI::App& app) {
  const std::string& name = app.get_name();
  std::string descriptions, cases;
  for (const CommandFacts& command : commands_of(app)) {
    descriptions += "    " + in_quotes(command.name + ":" + with_backslashes(command.description, ":\\")) + "\n";
    std::string specs = zsh_options(command);
    for (std::size_t i = 0; i < command.positionals.size(); ++i) {
      const auto& [word, place] = command.positionals[i];
      specs += " \\\n        " +
               in_quotes(fmt::format("{}:{}:{}", place.repeats ? "*" : std::to_string(i + 1), word, zsh_action(place)));
    }
    cases += fmt::format("    {})\n      _arguments -s{}\n      ;;\n", command.name, specs);
  }
  return fmt::format(R"(#compdef {0}
# zsh completion of {0}, printed by '{0} completion zsh'
_{0}() {{
  local -a commands
  commands=(
{1}  )
  if (( CURRENT == 2 )); then
    if [[ $words[2] == -* ]]; then
      _arguments{2}
    else
      _describe command commands
    fi
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
{3}  esac
}}
if [[ $funcstack[1] == _{0} ]]; then
  _{0} "$@"
else
  compdef _{0} {0}
fi
)",
                     name, descriptions, zsh_options(command_facts(app)), cases);
}

// ---- fish

std::string fish_arguments(const Place& place) {
  switch (place.kind) {
    case Place::Kind::directory:
      return " -a '(__fish_complete_directories)'";
    case Place::Kind::file:
      return " -F";
    case Place::Kind::choice:
      return " -a " + in_quotes(joined_with_blanks(place.choices));
    case Place::Kind::none:
      break;
  }
  return "";
}

std::string fish_options(const CommandFacts& command, const std::string& line) {
  std::string all;
  for (const OptionFacts& option : command.options) {
    std::string names;
    for (const std::string& name : option.names) {
      names += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    all += line + names + (option.has_value ? " -r" + fish_arguments(option.value) : "") + " -d " +
           in_quotes(option.description) + "\n";
  }
  return all;
}

std::string fish_script(const CLI::App& app) {
  const std::string& name = app.get_name();
  std::string text =
      fmt::format("# fish completion of {0}, printed by '{0} completion fish'\ncomplete -c {0} -f\n", name);
  text += fish_options(command_facts(app), fmt::format("complete -c {} -n __fish_use_subcommand", name));
  for (const CommandFacts& command : commands_of(app)) {
    text += fmt::format("complete -c {} -n __fish_use_subcommand -a {} -d {}\n", name, command.name,
                        in_quotes(command.description));
    const std::string line = fmt::format("complete -c {} -n '__fish_seen_subcommand_from {}'", name, command.name);
    text += fish_options(command, line);
    if (!command.positionals.empty()) {
      const std::string arguments = fish_arguments(command.positionals.front().second);
      if (!arguments.empty()) text += line + arguments + "\n";
    }
  }
  return text;
}

}  // namespace

void add_completion(Commands& commands) {
  const auto shell = std::make_shared<std::string>();
  const CLI::App& app = commands.app();
  CLI::App& command = commands.add_plain("completion", "Print the completion script of a shell", [shell, &app] {
    Reply reply;
    reply.text = *shell == "bash" ? bash_script(app) : *shell == "zsh" ? zsh_script(app) : fish_script(app);
    return reply;
  });
  command.add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->type_name("")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

}  // namespace runhook::program
