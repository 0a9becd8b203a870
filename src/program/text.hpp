// text.hpp: what commands say to people: tables, sizes, times.
#ifndef RUNHOOK_SRC_PROGRAM_TEXT_HPP_
#define RUNHOOK_SRC_PROGRAM_TEXT_HPP_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runhook/snapshot.hpp"

namespace runhook::program {

// Rows of cells under titles, each column as wide as it has to be. Cells come from elsewhere, and stay on their line.
class Table {
 public:
  enum class Align { left, right };
  struct Column {
    std::string_view title;
    Align align = Align::left;
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<std::string> cells);
  bool empty() const noexcept { return rows_.empty(); }
  std::string text(std::string_view indent = {}) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// Facts under each other, the names of which are of one width.
class Facts {
 public:
  void add(std::string_view name, std::string_view text);  // nothing is added for an empty text
  std::string text() const;

 private:
  std::vector<std::pair<std::string, std::string>> facts_;
};

std::string size_text(std::uint64_t bytes);                          // "1.5 MiB"
std::string count_text(std::uint64_t count, std::string_view noun);  // "1 variable", "2 variables"
std::string number_text(double number);                              // six digits, as people read them
std::string numbers_text(const NamedNumbers& numbers);               // "loss 0.25, accuracy 0.9"
std::string shape_text(const std::vector<std::int64_t>& shape);      // "784x128"; a scalar: "scalar"
std::string local_time(std::int64_t unix_ns);                        // "2026-01-31 23:59:59"
std::optional<std::int64_t> unix_ns_of(std::string_view utc);        // of what detail::utc_time() makes
std::string local_time_of(std::string_view utc);                     // the text itself if it is no such time

}  // namespace runhook::program

#endif  // RUNHOOK_SRC_PROGRAM_TEXT_HPP_
