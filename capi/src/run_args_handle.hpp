// What is behind run options, run args, results and run metadata. Each has an object of its own, or shows another one.
#ifndef RUNHOOK_CAPI_RUN_ARGS_HANDLE_HPP_
#define RUNHOOK_CAPI_RUN_ARGS_HANDLE_HPP_

#include <string>
#include <utility>
#include <vector>

#include "handle_box.hpp"
#include "runhook/run_args.hpp"
#include "runhook/types.h"

namespace runhook::capi {

// Key and name of each leaf of some fetches, in C's flat shape. Kept until the fetches are others.
class FlatFetches {
 public:
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  const Pairs& of(const Fetches& fetches);

 private:
  Fetches source_;
  Pairs pairs_;
};

struct RunOptionsBox final : Boxed {
  RunOptionsBox() noexcept : shown(&own), changeable(&own) {}
  explicit RunOptionsBox(const RunOptions& view) noexcept : shown(&view) {}
  explicit RunOptionsBox(RunOptions& target) noexcept : shown(&target), changeable(&target) {}
  void show(const RunOptions& view) noexcept {
    shown = &view;
    changeable = nullptr;
  }
  RunOptions own;
  const RunOptions* shown;
  RunOptions* changeable = nullptr;  // NULL: borrowed from the library, to be read only
};
RUNHOOK_CAPI_BOX(runhook_run_options, RunOptionsBox, run_options, "run options");

// Args that C builds, or a view of the library's.
struct RunArgsBox final : Boxed {
  RunArgsBox() noexcept : shown(&own), options(own.options) {}
  explicit RunArgsBox(const SessionRunArgs& view) noexcept : shown(&view), options(view.options) {}
  void show(const SessionRunArgs& view) noexcept {
    shown = &view;
    options.show(view.options);
  }
  bool read_only() const noexcept { return shown != &own; }
  // Returns the args in the library's shape, which is made anew only after a change. Valid until the next change.
  const SessionRunArgs& get();
  // Key and name of each fetch.
  const FlatFetches::Pairs& pairs();

  SessionRunArgs own;
  const SessionRunArgs* shown;
  FlatFetches::Pairs fetches;  // as built; own.fetches follows in get()
  bool changed = false;
  FlatFetches flat;  // of a view
  RunOptionsBox options;
  Lent<runhook_run_options> options_handle;
};
RUNHOOK_CAPI_BOX(runhook_run_args, RunArgsBox, run_args, "run args");

struct MetadataBox final : Boxed {
  explicit MetadataBox(const RunMetadata& view) noexcept : shown(&view) {}
  void show(const RunMetadata& view) noexcept { shown = &view; }
  const RunMetadata* shown;
};
RUNHOOK_CAPI_BOX(runhook_metadata, MetadataBox, metadata, "metadata");

// A place that runs fill (`own`, `own_metadata`), or a view of the library's results.
struct ResultsBox final : Boxed {
  ResultsBox() noexcept : shown(&own), metadata(own_metadata) {}
  ResultsBox(const Results& view, const RunMetadata& its_metadata) noexcept : shown(&view), metadata(its_metadata) {}
  void show(const Results& view, const RunMetadata& its_metadata) noexcept {
    shown = &view;
    metadata.show(its_metadata);
  }
  bool read_only() const noexcept { return shown != &own; }

  Results own;
  RunMetadata own_metadata;
  const Results* shown;
  FlatFetches flat;
  MetadataBox metadata;
  Lent<runhook_metadata> metadata_handle;
};
RUNHOOK_CAPI_BOX(runhook_results, ResultsBox, results, "results");

// For functions that take args: an empty SessionRunArgs for NULL. Throws INVALID_ARGUMENT.
inline const SessionRunArgs& args_from_handle(const runhook_run_args* handle) {
  return handle == nullptr ? no_args : require(handle).get();
}
namespace detail {
ResultsBox& writable_results(runhook_results* handle);
}
// For functions that fill results: NULL for NULL. Throws INVALID_ARGUMENT if they are not valid or borrowed.
inline ResultsBox* results_to_fill(runhook_results* handle) {
  return handle == nullptr ? nullptr : &detail::writable_results(handle);
}
// As runhook_results_get() and runhook_results_get_double(), for any results; `key` NULL: the only one.
runhook_value* result_value(const Results& results, const char* key);
double result_double(const Results& results, const char* key);

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_RUN_ARGS_HANDLE_HPP_
