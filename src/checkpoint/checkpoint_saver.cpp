#include "runhook/checkpoint_saver.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>
#include <set>
#include <span>
#include <thread>
#include <utility>

#include "base/background_thread.hpp"
#include "base/find_named.hpp"
#include "base/fork_mark.hpp"
#include "base/format.hpp"
#include "base/monotonic.hpp"
#include "base/refuse.hpp"
#include "checkpoint/file_system.hpp"
#include "checkpoint/retention.hpp"
#include "checkpoint/session_restore.hpp"
#include "runhook/claim_mark.hpp"
#include "runhook/session.hpp"
#include "session/session_variables.hpp"

namespace runhook::inline v1 {

namespace {

SaveReport save_now(CheckpointStore& store, const Snapshot& snapshot) noexcept {
  SaveReport report;
  report.step = snapshot.global_step;
  const std::int64_t begin_ns = detail::monotonic_ns();
  try {
    report.written = store.save(snapshot);
  } catch (...) {
    report.error = Error::from_current_exception(StatusCode::internal);
    report.error.prepend(fmt::format("saving step {}: ", snapshot.global_step));
  }
  report.took = std::chrono::nanoseconds(detail::monotonic_ns() - begin_ns);
  return report;
}

// Memory that the last save was made from is taken for the same variable again: new memory costs as much as the copy.
Value copy_into(Value old, Value value) {
  const bool fits = old.kind() == ValueKind::tensor && value.kind() == ValueKind::tensor && old.unique() &&
                    old.dtype() == value.dtype() && std::ranges::equal(old.shape(), value.shape()) &&
                    value.device() == Device{} && value.is_contiguous();
  if (!fits || value.unique()) return detail::own_copy(std::move(value));
  if (value.byte_size() > 0) std::memcpy(old.mutable_data(), value.data(), value.byte_size());
  return old;
}

NamedValues copy_variables_into(NamedValues old, Session& session) {
  NamedValues copies;
  for (std::string& name : session.variables(VariableScope::global)) {
    const std::size_t usual = copies.size();  // it is where it was
    const bool is_there = usual < old.size() && old[usual].first == name;
    Value* const before = is_there ? &old[usual].second : detail::find_named(old, name);
    Value copy = copy_into(before != nullptr ? std::move(*before) : Value(), session.read_variable(name));
    copies.emplace_back(std::move(name), std::move(copy));
  }
  return copies;
}

void check_memory(const std::vector<SavedMemory>& memory) {
  std::set<std::string_view> names;
  for (const SavedMemory& one : memory) {
    const auto refuse = [&](const char* text) { detail::refuse(fmt::format(fmt::runtime(text), one.name)); };
    if (one.name.empty()) refuse("the name of a memory is empty");
    if (dtype_size(one.dtype) == 0) refuse("memory '{}' has no dtype");
    if (one.count < 0) refuse("the count of memory '{}' is negative");
    if (one.data == nullptr && one.count > 0) refuse("memory '{}' is NULL");
    if (!names.insert(one.name).second) refuse("two memories are called '{}'");
  }
}

}  // namespace

struct CheckpointSaver::State {
  // The newest few saves; the longest of them is what the next one may take.
  class RecentTimes {
   public:
    void add(std::chrono::nanoseconds time) noexcept { times_[next_++ % times_.size()] = time; }
    std::chrono::nanoseconds longest() const noexcept { return *std::max_element(times_.begin(), times_.end()); }

   private:
    std::array<std::chrono::nanoseconds, 4> times_{};
    std::size_t next_ = 0;
  };

  // A save that a thread makes, which may outlive the saver.
  struct Job {
    std::mutex mutex;
    std::condition_variable changed;
    bool ended = false;
    SaveReport report;
    Snapshot snapshot;
    std::shared_ptr<CheckpointStore> store;
    std::function<void()> when_saved;
  };

  explicit State(CheckpointSaverOptions given)
      : options(std::move(given)), log(options.log ? options.log : LogSink(detail::log_to_stderr)) {}

  CheckpointStore& open_store();
  bool has_no_directory() const;
  std::optional<Snapshot> load_first();
  void compare(const Snapshot& snapshot);
  void save_behind(Session& session, Snapshot snapshot);
  void add_state(Snapshot& snapshot);
  void take_job(bool wait);  // if it has ended
  void forget_job();
  void note(SaveReport report);
  void throw_failure();  // that nobody has asked for yet

  const CheckpointSaverOptions options;
  const detail::ForkMark birth;
  detail::ClaimMark claim;  // of the run that uses it
  std::string session;
  LogSink log;
  std::shared_ptr<CheckpointStore> store;
  std::shared_ptr<Job> job;  // that is being written, or has ended and was not looked at since
  std::thread thread;
  NamedValues memory;  // of the last save, to be used again
  std::optional<SaveReport> report;
  RecentTimes times;
  std::optional<std::int64_t> last_step;
  std::vector<std::int64_t> steps;  // with `verify`: of which there are checkpoints
  std::int64_t compared = 0;
  std::int64_t different = 0;
  std::function<void()> when_saved;
};

// Then none is made either, in case there is nothing to save.
bool CheckpointSaver::State::has_no_directory() const {
  const auto files = options.file_system != nullptr ? options.file_system : detail::system_files();
  struct stat about {};
  return files->status_of(options.directory, about) != 0 && errno == ENOENT;
}

CheckpointStore& CheckpointSaver::State::open_store() {
  if (store == nullptr) {
    CheckpointStoreOptions wanted;
    wanted.keep = options.keep;
    wanted.durability = options.durability;
    wanted.session = options.session.empty() ? session : options.session;
    wanted.log = log;
    wanted.file_system = options.file_system;
    store = std::make_shared<CheckpointStore>(options.directory, std::move(wanted));
  }
  return *store;
}

// What the program adds, apart from the variables of the session, whose place none of it can take.
void CheckpointSaver::State::add_state(Snapshot& snapshot) {
  for (const SavedMemory& one : options.memory) {
    snapshot.set(one.name, one.dtype, std::span(&one.count, 1), one.data);
  }
  if (!options.save_state) return;
  NamedValues all = std::exchange(snapshot.variables, {});
  options.save_state(snapshot);
  for (auto& [name, value] : snapshot.variables) {
    if (options.asynchronous) value = detail::own_copy(std::move(value));
    all.emplace_back(std::move(name), std::move(value));
  }
  snapshot.variables = std::move(all);
}

// From which a run that is compared goes on.
std::optional<Snapshot> CheckpointSaver::State::load_first() {
  steps.clear();
  for (const CheckpointSummary& one : list_checkpoints(options.directory)) steps.push_back(one.step);
  if (steps.empty()) {
    detail::fail(StatusCode::not_found,
                 fmt::format("there is no checkpoint in '{}' to compare the run with", options.directory));
  }
  return open_checkpoint(options.directory, options.restore_step.value_or(steps.front())).load();
}

void CheckpointSaver::State::compare(const Snapshot& snapshot) {
  const Snapshot saved = open_checkpoint(options.directory, snapshot.global_step).load();
  const std::vector<std::string> found = detail::differences(snapshot, saved);
  last_step = snapshot.global_step;
  ++compared;
  if (found.empty()) return;
  ++different;
  detail::fail(StatusCode::failed_precondition,
               fmt::format("step {} is not as it was saved: {}", snapshot.global_step, detail::joined(found, "; ")));
}

void CheckpointSaver::State::note(SaveReport ended) {
  if (!ended.error) {
    last_step = ended.step;
    if (ended.written) times.add(ended.took);
  }
  report = std::move(ended);
}

void CheckpointSaver::State::throw_failure() {
  if (!report || !report->error) return;
  const Error error = report->error;
  report.reset();
  throw StatusError(error);
}

void CheckpointSaver::State::take_job(bool wait) {
  if (job == nullptr) return;
  if (birth.forked()) return forget_job();  // the thread is not here
  {
    std::unique_lock lock(job->mutex);
    if (wait) job->changed.wait(lock, [this] { return job->ended; });
    if (!job->ended) return;
  }
  thread.join();
  memory = std::move(job->snapshot.variables);
  note(std::move(job->report));
  job.reset();
}

void CheckpointSaver::State::forget_job() {
  thread.detach();
  job.reset();
}

void CheckpointSaver::State::save_behind(Session& from, Snapshot snapshot) {
  snapshot.variables = copy_variables_into(std::exchange(memory, {}), from);
  add_state(snapshot);
  auto started = std::make_shared<Job>();
  started->snapshot = std::move(snapshot);
  open_store();
  started->store = store;
  started->when_saved = when_saved;
  thread = detail::start_background_thread("runhook-save", [started] {
    SaveReport ended = save_now(*started->store, started->snapshot);
    {
      const std::lock_guard lock(started->mutex);
      started->report = std::move(ended);
      started->store.reset();  // whoever waits for the end may open the directory anew
      started->ended = true;
    }
    started->changed.notify_all();
    if (started->when_saved) started->when_saved();
  });
  job = std::move(started);
}

CheckpointSaver::CheckpointSaver(CheckpointSaverOptions options) {
  if (options.directory.empty()) detail::refuse("the directory of the checkpoints is empty");
  detail::check_retention(options.keep);
  check_memory(options.memory);
  state_ = std::make_unique<State>(std::move(options));
}

CheckpointSaver::~CheckpointSaver() {
  state_->take_job(/*wait=*/true);
  // Nobody is left to be told.
  if (state_->report && state_->report->error) {
    try {
      state_->log(LogLevel::error, state_->report->error.to_string());
    } catch (...) {  // NOLINT(bugprone-empty-catch): as LogSink says
    }
  }
}

void CheckpointSaver::save(Session& session, const Snapshot& run) {
  State& state = *state_;
  state.take_job(/*wait=*/false);
  state.throw_failure();
  if ((state.last_step == run.global_step && state.job == nullptr) || !wants(run.global_step)) return;
  if (state.job != nullptr) {
    if (state.options.overlap == SaveOverlap::skip) return;
    state.take_job(/*wait=*/true);
    state.throw_failure();
    if (state.last_step == run.global_step) return;
  }
  Snapshot snapshot;
  snapshot.global_step = run.global_step;
  snapshot.state = run.state;
  snapshot.metrics = run.metrics;
  if (state.options.asynchronous && !state.options.verify) {
    state.save_behind(session, std::move(snapshot));
    return;
  }
  // As they are: nobody changes them meanwhile.
  for (std::string& name : session.variables(VariableScope::global)) {
    Value value = session.read_variable(name);
    snapshot.variables.emplace_back(std::move(name), std::move(value));
  }
  state.add_state(snapshot);
  if (state.options.verify) return state.compare(snapshot);
  state.note(save_now(state.open_store(), snapshot));
  state.throw_failure();
}

std::optional<Snapshot> CheckpointSaver::restore(Session& session) {
  State& state = *state_;
  if (!drain(state.options.drain_timeout)) {
    detail::fail(StatusCode::deadline_exceeded,
                 "a checkpoint is still being written, and nothing can be restored before it is");
  }
  std::optional<Snapshot> snapshot;
  if (state.options.verify) {
    snapshot = state.load_first();
  } else if (state.options.restore_step && !state.last_step) {
    snapshot = state.open_store().restore(*state.options.restore_step);
  } else {
    if (state.store == nullptr && state.has_no_directory()) return std::nullopt;
    try {
      snapshot = state.open_store().restore();
    } catch (const StatusError& error) {
      if (error.code() != StatusCode::data_loss || !state.options.begin_anew_if_damaged) throw;
      state.log(LogLevel::warning, fmt::format("the run begins anew: {}", error.error().to_string()));
    }
  }
  if (!snapshot) return std::nullopt;
  const std::string name =
      fmt::format("the checkpoint of step {} in '{}'", snapshot->global_step, state.options.directory);
  const detail::Restored here{session, state.options.memory, static_cast<bool>(state.options.restore_state)};
  const std::vector<std::string> left = detail::restore(here, *snapshot, name, state.options.partial);
  if (!left.empty()) {
    state.log(LogLevel::warning, fmt::format("{} is restored in part: {}", name, detail::joined(left, "; ")));
  }
  if (state.options.restore_state) {
    try {
      state.options.restore_state(*snapshot);
    } catch (...) {
      Error error = Error::from_current_exception(StatusCode::unknown);
      error.locate({}, "restore_state", snapshot->global_step);
      throw StatusError(error);
    }
  }
  state.log(LogLevel::info, fmt::format("the run goes on from {}", name));
  state.last_step = snapshot->global_step;
  snapshot->variables.clear();
  return snapshot;
}

std::optional<SaveReport> CheckpointSaver::take_report() {
  state_->take_job(/*wait=*/false);
  return std::exchange(state_->report, std::nullopt);
}

bool CheckpointSaver::wants(std::int64_t step) const noexcept {
  const State& state = *state_;
  return !state.options.verify || std::binary_search(state.steps.begin(), state.steps.end(), step);
}

std::int64_t CheckpointSaver::compared() const noexcept { return state_->compared; }

bool CheckpointSaver::saving() const noexcept {
  if (state_->job == nullptr || state_->birth.forked()) return false;
  const std::lock_guard lock(state_->job->mutex);
  return !state_->job->ended;
}

bool CheckpointSaver::drain(std::chrono::nanoseconds limit) {
  if (state_->job == nullptr) return true;
  if (limit.count() >= 0 && !state_->birth.forked()) {
    std::unique_lock lock(state_->job->mutex);
    // Not wait_for(): a limit of centuries would overflow its clock.
    const auto until =
        std::chrono::steady_clock::now() + std::min<std::chrono::nanoseconds>(limit, std::chrono::hours(24 * 365));
    if (!state_->job->changed.wait_until(lock, until, [this] { return state_->job->ended; })) return false;
  }
  state_->take_job(/*wait=*/true);
  return true;
}

void CheckpointSaver::close() { close(state_->options.drain_timeout); }

void CheckpointSaver::close(std::chrono::nanoseconds limit) {
  State& state = *state_;
  if (state.options.verify) {
    const bool good = state.compared > 0 && state.different == 0;
    state.log(good ? LogLevel::info : LogLevel::warning,
              fmt::format("{} compared with {} in '{}', and {} different",
                          state.compared == 1 ? "1 step was" : fmt::format("{} steps were", state.compared),
                          state.compared == 1 ? "its checkpoint" : "their checkpoints", state.options.directory,
                          state.different == 1 ? "1 is" : fmt::format("{} are", state.different)));
    state.compared = 0;
    state.different = 0;
  }
  state.claim.give_back();
  const bool drained = drain(limit);
  if (!drained) {
    if (state.store != nullptr) state.store->abandon();
    state.forget_job();
  }
  state.store.reset();
  state.last_step.reset();
  if (!drained) {
    detail::fail(StatusCode::deadline_exceeded,
                 "a checkpoint is still being written; whether it is committed is not waited for");
  }
}

std::chrono::nanoseconds CheckpointSaver::expected_duration() const noexcept { return state_->times.longest(); }
const CheckpointSaverOptions& CheckpointSaver::options() const noexcept { return state_->options; }
std::optional<std::int64_t> CheckpointSaver::last_step() const noexcept { return state_->last_step; }
void CheckpointSaver::call_when_saved(std::function<void()> call) { state_->when_saved = std::move(call); }

void CheckpointSaver::begin_run(std::string_view session, LogSink log) {
  if (!state_->claim.take()) {
    detail::fail(StatusCode::already_exists, "another run, which has not ended, uses the saver of the checkpoints");
  }
  state_->session = session;
  if (!state_->options.log) state_->log = std::move(log);
}

}  // namespace runhook::inline v1
