// run_records.hpp: what the runs of a directory have recorded of themselves.
#ifndef RUNHOOK_SRC_PROGRAM_RUN_RECORDS_HPP_
#define RUNHOOK_SRC_PROGRAM_RUN_RECORDS_HPP_

#include <string>
#include <vector>

#include "program/json.hpp"
#include "runhook/error.hpp"

namespace runhook::program {

struct RunRecord {
  std::string path;
  Json record;
  Error damage;  // why it cannot be read; then it says nothing

  // Its "outcome". A run that goes on according to its record, but whose process is not there any more, is "lost".
  Json outcome;
  std::string kind() const { return text_in(outcome, "kind"); }
  bool has_failed() const { return kind() == "failed" || kind() == "lost"; }
};

// All of them, in the order in which the runs have begun. Throws NOT_FOUND if there are none.
std::vector<RunRecord> run_records(const std::string& directory);

Json json_of(const RunRecord& record);
std::string steps_text(const Json& record);  // "0 to 500"

}  // namespace runhook::program

#endif  // RUNHOOK_SRC_PROGRAM_RUN_RECORDS_HPP_
