// What checkpoints cost, each as a ratio to the plain thing done by hand in the same run, one after the other by turns:
//   checkpoint_bench [--strict] FOLDER [MIB [ROUNDS [CHECKPOINTS]]]
// FOLDER is made on the disk that is to be measured, and removed. RUNHOOK_PYTHON in the environment is a Python that has
// numpy and safetensors. Ends with a table; returns 1 if a figure is missed and --strict was given.
#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/checkpoint_writer.hpp"
#include "output/crc32c.hpp"
#include "runhook/checkpoint.hpp"
#include "runhook/checkpoint_saver.hpp"
#include "runhook/session.hpp"

namespace {

using namespace runhook;
using Clock = std::chrono::steady_clock;

void must(bool done, const char* what) {
  if (done) return;
  std::perror(what);
  std::exit(2);
}

double seconds_of(const std::function<void()>& work) {
  const auto begin = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// The times or ratios of all rounds.
struct Figures {
  std::vector<double> all;
  void add(double one) { all.insert(std::upper_bound(all.begin(), all.end(), one), one); }
  double median() const { return (all[(all.size() - 1) / 2] + all[all.size() / 2]) / 2; }
  double least() const { return all.front(); }
  double most() const { return all.back(); }
};

// Has the system own this much memory that is free: on a virtual machine the host has to provide what it had taken back,
// which costs many times as much as the rest, and he pays who happens to touch it first.
void warm_memory(std::size_t bytes) {
  void* const memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  must(memory != MAP_FAILED, "mmap");
  ::madvise(memory, bytes, MADV_HUGEPAGE);
  std::memset(memory, 1, bytes);
  ::munmap(memory, bytes);
}

// Two or more ways to do the same, by turns: each begins a round as often as the others.
struct Contest {
  std::vector<std::function<double()>> ways;  // each returns its seconds
  std::vector<Figures> seconds;
  std::vector<Figures> ratios;  // of the speed of the first to that of the others, in the same round

  explicit Contest(std::vector<std::function<double()>> its_ways, int rounds) : ways(std::move(its_ways)) {
    seconds.resize(ways.size());
    ratios.resize(ways.size());
    for (const auto& way : ways) way();  // the first time is another one
    std::vector<double> now(ways.size());
    for (int round = 0; round < rounds; ++round) {
      for (std::size_t i = 0; i < ways.size(); ++i) {
        const std::size_t turn = (i + static_cast<std::size_t>(round)) % ways.size();
        seconds[turn].add(now[turn] = ways[turn]());
      }
      for (std::size_t i = 0; i < ways.size(); ++i) ratios[i].add(now[i] / now[0]);
    }
  }
};

class Table {
 public:
  Table() { std::printf("| what | promised | measured | |\n| --- | --- | --- | --- |\n"); }
  void row(const char* what, const char* promised, bool kept, const char* format, auto... numbers) {
    char measured[200];
    std::snprintf(measured, sizeof measured, format, numbers...);
    std::printf("| %s | %s | %s | %s |\n", what, promised, measured, kept ? "kept" : "missed");
    std::fflush(stdout);
    missed += kept ? 0 : 1;
  }
  // By how much of its speed the first of two ways is slower or faster than the second.
  void speed(const char* what, double least, const Contest& of, std::size_t than, double bytes) {
    char promised[32];
    std::snprintf(promised, sizeof promised, ">= %.2fx", least);
    const Figures& ratio = of.ratios[than];
    row(what, promised, ratio.median() >= least, "%.2fx (%.2f to %.2f; %.2f / %.2f GB/s)", ratio.median(),
        ratio.least(), ratio.most(), bytes / 1e9 / of.seconds[0].median(), bytes / 1e9 / of.seconds[than].median());
  }
  int missed = 0;
};

// A model: a few large variables, more of a middle size, many small ones, in no order of their sizes.
NamedValues make_model(std::size_t bytes) {
  std::vector<std::size_t> sizes;
  const auto add = [&](std::size_t total, std::size_t each) {
    each = std::min(each, total);
    sizes.insert(sizes.end(), total / each, each);
  };
  add(bytes / 64 * 48, std::size_t{16} << 20);
  add(bytes / 64 * 15, std::size_t{1} << 20);
  add(bytes / 64, std::size_t{16} << 10);
  std::mt19937_64 random(1);
  std::shuffle(sizes.begin(), sizes.end(), random);
  NamedValues model;
  for (const std::size_t size : sizes) {
    char name[32];
    std::snprintf(name, sizeof name, "variable-%05zu", model.size());
    const std::int64_t shape[] = {static_cast<std::int64_t>(size / sizeof(float))};
    Value value = Value::tensor(DType::float32, shape);
    auto* const words = static_cast<std::uint64_t*>(value.mutable_data());
    for (std::size_t i = 0; i < size / sizeof *words; ++i) words[i] = random();
    model.emplace_back(name, std::move(value));
  }
  return model;
}

std::size_t bytes_of(const NamedValues& model) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : model) bytes += value.byte_size();
  return bytes;
}

class ModelSession final : public Session {
 public:
  explicit ModelSession(const NamedValues& model) : model_(model) {}
  NodeId resolve(std::string_view) override { return 0; }
  void run(SessionStep&) override {}
  std::vector<std::string> variables(VariableScope scope) override {
    std::vector<std::string> names;
    for (const auto& [name, value] : model_) {
      if (scope == VariableScope::global) names.push_back(name);
    }
    return names;
  }
  Value read_variable(std::string_view name) override {
    const auto found = std::lower_bound(model_.begin(), model_.end(), name,
                                        [](const auto& one, std::string_view other) { return one.first < other; });
    return found->second;
  }

 private:
  const NamedValues& model_;  // in the order of the names
};

void write_all(int fd, const void* data, std::size_t size) {
  for (std::size_t at = 0; at < size;) {
    const ssize_t count = ::write(fd, static_cast<const char*>(data) + at, size - at);
    must(count > 0, "write");
    at += static_cast<std::size_t>(count);
  }
}

void plain_write(const std::string& path, const NamedValues& model) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  must(fd >= 0, path.c_str());
  for (const auto& [name, value] : model) write_all(fd, value.data(), value.byte_size());
  must(::fsync(fd) == 0 && ::close(fd) == 0, "fsync");
}

// Into memory of its own, which is let go of by the caller.
std::unique_ptr<char, decltype(&std::free)> plain_read(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  must(fd >= 0, path.c_str());
  const std::size_t size = std::filesystem::file_size(path);
  std::unique_ptr<char, decltype(&std::free)> memory(static_cast<char*>(std::malloc(size)), &std::free);
  for (std::size_t at = 0; at < size;) {
    const ssize_t count = ::read(fd, memory.get() + at, size - at);
    must(count > 0, "read");
    at += static_cast<std::size_t>(count);
  }
  ::close(fd);
  return memory;
}

// Has the system forget the content of the files; their names and sizes it goes on to know.
void forget(const std::string& directory) {
  for (const auto& file : std::filesystem::recursive_directory_iterator(directory)) {
    if (!file.is_regular_file()) continue;
    const int fd = ::open(file.path().c_str(), O_RDONLY | O_CLOEXEC);
    must(fd >= 0 && ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0, "posix_fadvise");
    ::close(fd);
  }
}

// What others have written is not to be waited for within a measurement.
void let_disk_rest(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  must(fd >= 0 && ::syncfs(fd) == 0, "syncfs");
  ::close(fd);
}

CheckpointStoreOptions keep_all() {
  CheckpointStoreOptions options;
  options.keep.last = 0;
  return options;
}

std::string python_command(const std::string& python, const std::string& path, const NamedValues& model) {
  std::string command = "'" + python + "' '" RUNHOOK_SAVE_SAFETENSORS "' '" + path + "'";
  for (const auto& [name, value] : model) command += " " + std::to_string(value.byte_size());
  return command;
}

void measure_saves(Table& table, const std::string& folder, const NamedValues& model, int rounds,
                   const std::string& python) {
  CheckpointStore store(folder + "/saves", keep_all());
  Snapshot snapshot;
  snapshot.variables = model;
  const std::string plain = folder + "/saves/plain", other = folder + "/saves/other";
  const auto prepare = [&] {
    let_disk_rest(folder);
    warm_memory(2 * bytes_of(model));
  };
  std::vector<std::function<double()>> ways;
  ways.emplace_back([&] {
    prepare();
    ++snapshot.global_step;
    const double seconds = seconds_of([&] { store.save(snapshot); });
    for (const CheckpointSummary& one : store.list()) std::filesystem::remove_all(one.path);
    return seconds;
  });
  ways.emplace_back([&] {
    prepare();
    const double seconds = seconds_of([&] { plain_write(plain, model); });
    std::filesystem::remove(plain);
    return seconds;
  });
  if (!python.empty()) {
    ways.emplace_back([&] {
      prepare();
      FILE* const pipe = ::popen(python_command(python, other, model).c_str(), "r");
      double seconds = 0;
      must(pipe != nullptr && std::fscanf(pipe, "%lf", &seconds) == 1, "safetensors");
      ::pclose(pipe);
      std::filesystem::remove(other);
      return seconds;
    });
  }
  const Contest contest(std::move(ways), rounds);
  const auto bytes = static_cast<double>(bytes_of(model));
  table.speed("saving, against write and fsync of the same bytes", 0.9, contest, 1, bytes);
  if (python.empty()) {
    std::printf("| saving, against safetensors in Python and fsync: not measured, RUNHOOK_PYTHON is not set | | | |\n");
  } else {
    table.speed("saving, against safetensors in Python and fsync", 0.9, contest, 2, bytes);
  }
}

void measure_asynchronous(Table& table, const std::string& folder, const NamedValues& model, int rounds) {
  CheckpointSaverOptions options;
  options.directory = folder + "/asynchronous";
  options.keep.last = 1;
  options.asynchronous = true;
  CheckpointSaver saver(std::move(options));
  ModelSession session(model);
  Snapshot run;
  NamedValues copies;
  for (const auto& [name, value] : model) copies.emplace_back(name, value.clone());
  const Contest contest({[&] {
                           ++run.global_step;
                           const double seconds = seconds_of([&] { saver.save(session, run); });
                           must(saver.drain(std::chrono::nanoseconds(-1)), "drain");
                           must(saver.take_report()->written, "saving behind");
                           return seconds;
                         },
                         [&] {
                           return seconds_of([&] {
                             for (std::size_t i = 0; i < model.size(); ++i) {
                               std::memcpy(copies[i].second.mutable_data(), model[i].second.data(),
                                           model[i].second.byte_size());
                             }
                           });
                         }},
                        rounds);
  table.speed("pause for an asynchronous save, against memcpy", 0.8, contest, 1, static_cast<double>(bytes_of(model)));
}

void measure_restores(Table& table, const std::string& folder, const NamedValues& model, int rounds) {
  const std::string directory = folder + "/restores";
  CheckpointStore store(directory, keep_all());
  Snapshot snapshot;
  snapshot.variables = model;
  store.save(snapshot);
  const std::string path = store.list().front().path;
  const auto bytes = static_cast<double>(bytes_of(model));
  for (const bool cold : {true, false}) {
    const auto prepare = [&] {
      warm_memory(2 * bytes_of(model));
      if (cold) forget(directory);
    };
    const Contest contest({[&] {
                             prepare();
                             std::optional<Snapshot> restored;
                             return seconds_of([&] { restored = store.restore(); });
                           },
                           [&] {
                             prepare();
                             std::unique_ptr<char, decltype(&std::free)> memory(nullptr, &std::free);
                             return seconds_of([&] { memory = plain_read(path + "/variables.safetensors"); });
                           }},
                          rounds);
    table.speed(cold ? "verified restore, against a plain read, nothing of it in memory"
                     : "verified restore, against a plain read, all of it in the cache",
                0.9, contest, 1, bytes);
  }

  const auto small = std::find_if(model.begin() + static_cast<std::ptrdiff_t>(model.size() / 2), model.end(),
                                  [](const auto& one) { return one.second.byte_size() <= std::size_t{64} << 10; });
  for (const bool cold : {true, false}) {
    Figures seconds;
    for (int round = 0; round < 4 * rounds && small != model.end(); ++round) {
      if (cold) forget(directory);
      float first = 0;
      seconds.add(seconds_of([&] {
        const Value mapped = open_checkpoint(directory, 0).map(small->first);
        std::memcpy(&first, mapped.data(), sizeof first);
      }));
      must(std::memcmp(&first, small->second.data(), sizeof first) == 0, "comparing");
    }
    if (seconds.all.empty()) continue;
    table.row(cold ? "open, map and read of a small variable, nothing of it in memory"
                   : "open, map and read of a small variable, all of it in the cache",
              "< 10 ms", seconds.median() < 0.01, "%.2f ms (%.2f to %.2f)", seconds.median() * 1e3,
              seconds.least() * 1e3, seconds.most() * 1e3);
  }
}

Snapshot small_snapshot(std::int64_t step) {
  const std::int64_t shape[] = {1024};
  Snapshot snapshot;
  snapshot.global_step = step;
  snapshot.set("weights", Value::tensor(DType::float32, shape));
  return snapshot;
}

void measure_many(Table& table, const std::string& folder, int checkpoints, int rounds) {
  const std::string directory = folder + "/many";
  std::filesystem::create_directory(directory);
  detail::CheckpointWriter writer(detail::system_files(), directory, Durability::process_crash, "");
  for (int step = 0; step < checkpoints; ++step) writer.commit(small_snapshot(step));
  Figures seconds;
  for (int round = 0; round < rounds; ++round) {
    std::vector<CheckpointSummary> all;
    seconds.add(seconds_of([&] { all = list_checkpoints(directory); }));
    must(std::ssize(all) == checkpoints, "listing");
  }
  char what[80];
  std::snprintf(what, sizeof what, "listing %d checkpoints", checkpoints);
  table.row(what, "< 1 s", seconds.median() < 1, "%.3f s (%.3f to %.3f)", seconds.median(), seconds.least(),
            seconds.most());

  let_disk_rest(folder);
  CheckpointStore many(directory, keep_all()), few(folder + "/few", keep_all());
  std::int64_t step = checkpoints;
  const auto save = [&step](CheckpointStore& store) {
    const Snapshot snapshot = small_snapshot(step++);
    return seconds_of([&] { store.save(snapshot); });
  };
  const Contest contest({[&] { return save(many); }, [&] { return save(few); }}, 10 * rounds);
  const double more = contest.seconds[0].median() - contest.seconds[1].median();
  std::snprintf(what, sizeof what, "saving 4 KiB beside %d checkpoints, over saving beside few", checkpoints);
  table.row(what, "<= 2 ms", more <= 0.002, "%.2f ms (%.2f / %.2f ms)", more * 1e3, contest.seconds[0].median() * 1e3,
            contest.seconds[1].median() * 1e3);
}

void measure_checksums(Table& table, std::size_t bytes, int rounds) {
  const std::string data(bytes, 'x');
  const std::string_view cached = std::string_view(data).substr(0, std::size_t{256} << 10);
  std::uint32_t sum = 0;
  Figures from_memory, from_cache, portable;  // GB/s
  for (int round = 0; round < rounds; ++round) {
    const auto speed = [&](std::string_view text, std::uint32_t (*checksum)(std::string_view, std::uint32_t) noexcept) {
      const std::size_t times = std::max<std::size_t>(1, (std::size_t{16} << 20) / text.size());
      const double seconds = seconds_of([&] {
        for (std::size_t i = 0; i < times; ++i) sum = checksum(text, sum);
      });
      return static_cast<double>(text.size() * times) / 1e9 / seconds;
    };
    from_memory.add(speed(data, detail::crc32c));
    from_cache.add(speed(cached, detail::crc32c));
    portable.add(speed(cached, detail::crc32c_portable));
  }
  table.row("checksums on one core", ">= 4 GB/s", from_memory.median() >= 4,
            "%.1f GB/s (%.1f to %.1f; in the cache %.1f; without SSE4.2 %.2f)", from_memory.median(),
            from_memory.least(), from_memory.most(), from_cache.median(), portable.median());
  if (sum == 1) std::printf("\n");  // so that it is made
}

}  // namespace

int main(int argc, char** argv) {
  const bool strict = argc > 1 && std::string_view(argv[1]) == "--strict";
  if (strict) --argc, ++argv;
  const auto number = [&](int at, int otherwise) { return argc > at ? std::max(1, std::atoi(argv[at])) : otherwise; };
  if (argc < 2) return std::fprintf(stderr, "checkpoint_bench [--strict] FOLDER [MIB [ROUNDS [CHECKPOINTS]]]\n"), 2;
  const std::string folder = argv[1];
  const int mib = number(2, 1024), rounds = number(3, 9), checkpoints = number(4, 10000);
  const char* const python = std::getenv("RUNHOOK_PYTHON");
  // What is freed is given back, so that no round begins with memory that another has touched: a program that restores
  // has just started.
  ::mallopt(M_MMAP_THRESHOLD, 128 << 10);
  ::mallopt(M_TRIM_THRESHOLD, 128 << 10);

  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const NamedValues model = make_model(static_cast<std::size_t>(mib) << 20);
  std::printf("%zu variables of %zu bytes altogether, %d rounds\n\n", model.size(), bytes_of(model), rounds);
  Table table;
  measure_saves(table, folder, model, rounds, python == nullptr ? "" : python);
  measure_asynchronous(table, folder, model, rounds);
  measure_restores(table, folder, model, rounds);
  measure_many(table, folder, checkpoints, rounds);
  measure_checksums(table, std::min(bytes_of(model), std::size_t{256} << 20), rounds);
  std::filesystem::remove_all(folder);
  return strict && table.missed > 0 ? 1 : 0;
}
