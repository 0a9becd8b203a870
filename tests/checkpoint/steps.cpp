// One start, some saves and what is deleted after them, in a process that others kill, or have a call fail, at a certain
// call of the system; and what one can say of the directory after that:
//   steps prepare FOLDER   checkpoints 1, 2 and 3, and what killed processes have left
//   steps first FOLDER     begins in a folder that need not be there, and saves 1 and 2
//   steps save FOLDER      goes on from the newest, and saves 4 and 5
//   steps back FOLDER      goes back to 2, and saves 3 and 4 anew
//   steps early FOLDER     as save, but wrong: it says that it has saved before it has, and never that it has failed
//   steps check FOLDER     reads the newest, then starts as the next process does
// What has succeeded, what has failed and what was warned of is printed, a line for each.
#include <sys/uio.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <string>

#include "contents.hpp"
#include "runhook/checkpoint.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;

// By a call that is used for nothing else here, so that it is not the one that fails.
void say(std::string line) {
  line += '\n';
  const iovec part{line.data(), line.size()};
  if (writev(STDOUT_FILENO, &part, 1) < 0) _exit(4);
}

// In a trace: from here on calls are to be counted. Nothing else makes this call.
void mark() { static_cast<void>(getppid()); }

CheckpointStoreOptions options() {
  CheckpointStoreOptions wanted;
  wanted.keep.last = 2;
  wanted.log = [](LogLevel, std::string_view text) { say("warning " + std::string(text)); };
  return wanted;
}

template <typename Work>
bool attempt(const std::string& what, Work&& work) {
  try {
    work();
    return true;
  } catch (const StatusError& error) {
    say("failed " + what + ": " + error.what());
    return false;
  }
}

// A failed save can be tried again.
void save(CheckpointStore& store, std::int64_t step) {
  for (int attempts = 0; attempts < 2; ++attempts) {
    if (!attempt("save", [&] { store.save(contents_of(step)); })) continue;
    say("saved " + std::to_string(step));
    return;
  }
}

void save_early(CheckpointStore& store, std::int64_t step) {
  say("saved " + std::to_string(step));
  try {
    store.save(contents_of(step));
  } catch (const StatusError&) {  // NOLINT(bugprone-empty-catch): that is what is wrong with it
  }
}

void say_restored(const std::optional<Snapshot>& snapshot) {
  const std::string different = snapshot ? difference(*snapshot) : "";
  say(different.empty() ? "restored " + std::to_string(snapshot ? snapshot->global_step : 0) : "torn " + different);
}

void prepare(const std::string& folder) {
  CheckpointStoreOptions wanted = options();
  wanted.keep.last = 0;
  CheckpointStore store(folder, wanted);
  for (const std::int64_t step : {1, 2, 3}) store.save(contents_of(step));
  for (const char* const name : {".tmp-step-0000000004.1-0badcafe", ".gone-step-0000000001.1-0badcafe"}) {
    std::filesystem::create_directory(folder + "/" + name);
    std::ofstream(folder + "/" + name + "/variables.safetensors") << "half of it";
  }
}

// `restore` and the steps that are saved then. Exit status 3: it could not even start.
template <typename Restore>
int go(const std::string& folder, Restore&& restore, std::initializer_list<std::int64_t> steps,
       void (*save_one)(CheckpointStore&, std::int64_t) = save) {
  std::optional<CheckpointStore> store;
  mark();
  if (!attempt("start", [&] { store.emplace(folder, options()); })) return 3;
  if (!attempt("restore", [&] { say_restored(restore(*store)); })) return 3;
  for (const std::int64_t step : steps) save_one(*store, step);
  store.reset();
  mark();
  return 0;
}

int check(const std::string& folder) {
  std::optional<StoredCheckpoint> newest = open_newest_checkpoint(folder);
  const std::int64_t step = newest ? newest->step() : 0;
  const std::string different = newest ? difference(newest->load()) : "";
  say(different.empty() ? "newest " + std::to_string(step) : "torn " + different);
  newest.reset();  // it would be kept as long
  CheckpointStoreOptions quick = options();
  quick.durability = Durability::process_crash;
  CheckpointStore store(folder, quick);
  store.restore();
  // What a run has gone back behind is kept until it has come by there again.
  for (std::int64_t next = step + 1; next <= 6; ++next) store.save(contents_of(next));
  for (const CheckpointSummary& one : store.list()) {
    const std::string changed = difference(open_checkpoint(folder, one.step).load());
    if (!changed.empty()) say("torn " + changed);
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (name != ".lock" && name != "step-0000000005" && name != "step-0000000006") say("stray " + name);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string what = argv[1];
  const std::string folder = argv[2];
  try {
    if (what == "prepare") {
      prepare(folder);
      return 0;
    }
    const auto restore_newest = [](CheckpointStore& store) { return store.restore(); };
    if (what == "first") return go(folder, restore_newest, {1, 2});
    if (what == "save") return go(folder, restore_newest, {4, 5});
    if (what == "early") return go(folder, restore_newest, {4, 5}, save_early);
    if (what == "back") return go(folder, [](CheckpointStore& store) { return store.restore(2); }, {3, 4});
    if (what == "check") return check(folder);
  } catch (const std::exception& error) {
    say(std::string("failed at all: ") + error.what());
    return 1;
  }
  return 2;
}
