#include "boundary/exception_guard.hpp"
#include "handle/run_args_handle.hpp"
#include "handle/value_handle.hpp"
#include "runhook/run_args.h"

using runhook::NodeStats;
using runhook::StatusCode;
using runhook::StatusError;
using namespace runhook::capi;  // NOLINT: this file implements the C functions in terms of it

namespace {

const NodeStats* node_at(const runhook_metadata* metadata, size_t index) noexcept {
  const auto* box = find(metadata);
  return box != nullptr && index < box->shown->nodes.size() ? &box->shown->nodes[index] : nullptr;
}

}  // namespace

runhook_results* runhook_results_create(runhook_error** error) {
  return guarded_handle(error, [] { return create<runhook_results>(); });
}

void runhook_results_destroy(runhook_results* results) { destroy(results); }

size_t runhook_results_count(const runhook_results* results) {
  const auto* box = find(results);
  return box != nullptr ? box->shown->leaves().size() : 0;
}

const char* runhook_results_key_at(const runhook_results* results, size_t index) {
  auto* box = find(results);
  if (box == nullptr || index >= box->shown->leaves().size()) return nullptr;
  return guarded_value<const char*>(nullptr, [&] {
    const auto& pairs = box->flat.of(box->shown->structure());
    return index < pairs.size() ? pairs[index].first.c_str() : nullptr;
  });
}

runhook_value* runhook_results_value_at(runhook_results* results, size_t index) {
  const auto* box = find(results);
  if (box == nullptr || index >= box->shown->leaves().size()) return nullptr;
  return guarded_value<runhook_value*>(nullptr, [&] { return to_handle(box->shown->leaves()[index]); });
}

runhook_value* runhook_results_get(runhook_results* results, const char* key, runhook_error** error) {
  return guarded_handle(error, [&] { return result_value(*require(results).shown, key); });
}

runhook_status runhook_results_get_double(const runhook_results* results, const char* key, double* number,
                                          runhook_error** error) {
  return guarded(error, [&] {
    if (number == nullptr) throw StatusError(StatusCode::invalid_argument, "number is NULL");
    *number = result_double(*require(results).shown, key);
  });
}

runhook_status runhook_results_get_int64(const runhook_results* results, const char* key, int64_t* number,
                                         runhook_error** error) {
  return guarded(error, [&] {
    if (number == nullptr) throw StatusError(StatusCode::invalid_argument, "number is NULL");
    *number = result_int64(*require(results).shown, key);
  });
}

int32_t runhook_results_skipped(const runhook_results* results) {
  const auto* box = find(results);
  return box != nullptr && box->shown->skipped() ? 1 : 0;
}

int32_t runhook_results_discarded(const runhook_results* results) {
  const auto* box = find(results);
  return box != nullptr && box->shown->discarded() ? 1 : 0;
}

const runhook_metadata* runhook_results_metadata(runhook_results* results) {
  auto* box = find(results);
  if (box == nullptr) return nullptr;
  return guarded_value<const runhook_metadata*>(nullptr, [&] { return box->metadata_handle.publish(box->metadata); });
}

size_t runhook_metadata_node_count(const runhook_metadata* metadata) {
  const auto* box = find(metadata);
  return box != nullptr ? box->shown->nodes.size() : 0;
}

const char* runhook_metadata_node_name_at(const runhook_metadata* metadata, size_t index) {
  const NodeStats* node = node_at(metadata, index);
  return node != nullptr ? node->node.c_str() : nullptr;
}

int64_t runhook_metadata_node_start_ns_at(const runhook_metadata* metadata, size_t index) {
  const NodeStats* node = node_at(metadata, index);
  return node != nullptr ? node->start_ns : 0;
}

int64_t runhook_metadata_node_end_ns_at(const runhook_metadata* metadata, size_t index) {
  const NodeStats* node = node_at(metadata, index);
  return node != nullptr ? node->end_ns : 0;
}
