// What is behind a runhook_summary_writer.
#ifndef RUNHOOK_CAPI_HANDLE_SUMMARY_HANDLE_HPP_
#define RUNHOOK_CAPI_HANDLE_SUMMARY_HANDLE_HPP_

#include <memory>
#include <utility>

#include "boundary/handle_box.hpp"
#include "runhook/summary_writer.hpp"
#include "runhook/types.h"

namespace runhook::capi {

struct SummaryWriterBox final : Boxed {
  explicit SummaryWriterBox(std::shared_ptr<SummaryWriter> its_writer) noexcept : writer(std::move(its_writer)) {}
  const std::shared_ptr<SummaryWriter> writer;
};
RUNHOOK_CAPI_BOX(runhook_summary_writer, SummaryWriterBox, summary_writer);

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_HANDLE_SUMMARY_HANDLE_HPP_
