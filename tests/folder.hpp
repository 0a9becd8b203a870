// A scratch folder, and what is in a file.
#ifndef RUNHOOK_TESTS_FOLDER_HPP_
#define RUNHOOK_TESTS_FOLDER_HPP_

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace runhook_test {

// Where files are in memory, if there is such a place: for tests that make very many of them.
inline std::string memory_directory() {
  return access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm/" : testing::TempDir();
}

// An empty folder that is gone after the test.
class Folder {
 public:
  explicit Folder(const std::string& where = testing::TempDir()) {
    std::string name = where + "runhook-XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const noexcept { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::vector<std::string> files() const {  // their paths, in order
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) found.push_back(entry.path().native());
    std::sort(found.begin(), found.end());
    return found;
  }

 private:
  std::string path_;
};

inline std::string content(const std::string& path) {
  const std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline void put(const std::string& path, std::string_view text) { std::ofstream(path) << text; }

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_FOLDER_HPP_
