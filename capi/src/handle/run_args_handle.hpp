// What is behind run options, run args, results and run metadata. Each has an object of its own, or shows another one.
#ifndef RUNHOOK_CAPI_HANDLE_RUN_ARGS_HANDLE_HPP_
#define RUNHOOK_CAPI_HANDLE_RUN_ARGS_HANDLE_HPP_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "boundary/handle_box.hpp"
#include "runhook/run_args.hpp"
#include "runhook/types.h"

namespace runhook::capi {

// The key and name of each leaf of fetches, in C's flat form. Kept until the fetches change.
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
  RunOptions* changeable = nullptr;  // NULL: borrowed from the library, and read-only
  const Boxed* part_of = nullptr;    // the args that these options belong to; must not change while those are pinned
};
RUNHOOK_CAPI_BOX(runhook_run_options, RunOptionsBox, run_options);

// Args that C builds, or a view of args of the library.
struct RunArgsBox final : Boxed {
  RunArgsBox() noexcept : shown(&own), options(own.options) { options.part_of = this; }
  explicit RunArgsBox(const SessionRunArgs& view) noexcept : shown(&view), options(view.options) {}
  void show(const SessionRunArgs& view) noexcept {
    shown = &view;
    options.show(view.options);
  }
  bool read_only() const noexcept { return shown != &own; }
  // Returns the args in the library's form, which is made anew only after a change. Valid until the next change.
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
RUNHOOK_CAPI_BOX(runhook_run_args, RunArgsBox, run_args);

struct MetadataBox final : Boxed {
  explicit MetadataBox(const RunMetadata& view) noexcept : shown(&view) {}
  void show(const RunMetadata& view) noexcept { shown = &view; }
  const RunMetadata* shown;
};
RUNHOOK_CAPI_BOX(runhook_metadata, MetadataBox, metadata);

// Results that runs fill, or a view of results of the library. A run fills `spare` and `spare_metadata` and, once
// nothing can fail any more, calls take_spare(): a run that fails leaves the results as they were.
struct ResultsBox final : Boxed {
  ResultsBox() noexcept : shown(&own), metadata(own_metadata) {}
  ResultsBox(const Results& view, const RunMetadata& its_metadata) noexcept : shown(&view), metadata(its_metadata) {}
  void show(const Results& view, const RunMetadata& its_metadata) noexcept {
    shown = &view;
    metadata.show(its_metadata);
  }
  bool read_only() const noexcept { return shown != &own; }
  void take_spare() noexcept {
    std::swap(own, spare);
    std::swap(own_metadata, spare_metadata);
    spare.drop_values();  // keeps its memory for the next run, but not the old values
  }

  Results own;
  RunMetadata own_metadata;
  Results spare;
  RunMetadata spare_metadata;
  const Results* shown;
  FlatFetches flat;
  MetadataBox metadata;
  Lent<runhook_metadata> metadata_handle;
};
RUNHOOK_CAPI_BOX(runhook_results, ResultsBox, results);

// The args behind a handle that a function is given; empty for NULL. Throws INVALID_ARGUMENT. Args that are lent are
// copied: they go with their owner, which a pin does not keep.
class PinnedArgs {
 public:
  explicit PinnedArgs(const runhook_run_args* handle) : PinnedArgs(handle != nullptr ? &require(handle) : nullptr) {}
  explicit PinnedArgs(RunArgsBox& box) : PinnedArgs(&box) {}
  const SessionRunArgs& operator*() const noexcept { return args_; }

 private:
  explicit PinnedArgs(RunArgsBox* box)
      : box_(box != nullptr && box->owned ? box : nullptr), args_(box != nullptr ? kept(*box) : no_args) {}
  const SessionRunArgs& kept(RunArgsBox& box) { return box.owned ? box.get() : copy_.emplace(box.get()); }

  const Pinned<runhook_run_args> box_;
  std::optional<SessionRunArgs> copy_;
  const SessionRunArgs& args_;
};

namespace detail {
ResultsBox& writable_results(runhook_results* handle);
}
// The results behind a handle that a function is to fill; NULL for NULL. Throws INVALID_ARGUMENT if they are not valid
// or borrowed, BUSY if another call is about to fill them.
inline Pinned<runhook_results> results_to_fill(runhook_results* handle) {
  return Pinned<runhook_results>(handle == nullptr ? nullptr : &detail::writable_results(handle));
}
// Sets these values as results, without metadata. On failure nothing has changed.
inline void fill_results(ResultsBox& results, const Results& values) {
  results.spare = values;
  results.spare_metadata = {};
  results.take_spare();
}
// As runhook_results_get() and runhook_results_get_double(), for any results; `key` NULL: the only one.
runhook_value* result_value(const Results& results, const char* key);
double result_double(const Results& results, const char* key);
std::int64_t result_int64(const Results& results, const char* key);

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_HANDLE_RUN_ARGS_HANDLE_HPP_
