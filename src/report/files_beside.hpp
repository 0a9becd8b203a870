// What lies beside the run report, and what opens it.
#ifndef RUNHOOK_SRC_REPORT_FILES_BESIDE_HPP_
#define RUNHOOK_SRC_REPORT_FILES_BESIDE_HPP_

#include <string>
#include <string_view>
#include <vector>

namespace runhook::inline v1 {
namespace detail::report {

struct FileBeside {
  std::string name;         // relative to the page's directory; a directory ends with a '/'
  std::string_view opener;  // what shows it, in words
};

// The files of known kinds in the directory of `page`, a few of each kind, the latest ones by their names.
std::vector<FileBeside> files_beside(const std::string& page);
// A name as a relative link.
std::string link_to(std::string_view name);

}  // namespace detail::report
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_REPORT_FILES_BESIDE_HPP_
