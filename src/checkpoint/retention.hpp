// retention.hpp: which checkpoints a policy keeps.
#ifndef RUNHOOK_SRC_CHECKPOINT_RETENTION_HPP_
#define RUNHOOK_SRC_CHECKPOINT_RETENTION_HPP_

#include <cstdint>
#include <set>
#include <vector>

#include "runhook/checkpoint.hpp"

namespace runhook::inline v1 {
namespace detail {

void check_retention(const CheckpointRetention& keep);  // throws INVALID_ARGUMENT

// Of these, which are in the order of their steps, the last one that is not damaged; NULL if there is none.
const CheckpointSummary* newest_whole(const std::vector<CheckpointSummary>& all) noexcept;

// Of these, which are in the order of their steps, the ones that need not be kept. Damaged ones are not among them.
std::vector<std::int64_t> unwanted(const std::vector<CheckpointSummary>& all, const CheckpointRetention& keep,
                                   const std::set<std::int64_t>& needed);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_CHECKPOINT_RETENTION_HPP_
