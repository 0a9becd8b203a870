// manifest.hpp: what a checkpoint consists of, and how one can tell that it is whole.
#ifndef RUNHOOK_SRC_CHECKPOINT_MANIFEST_HPP_
#define RUNHOOK_SRC_CHECKPOINT_MANIFEST_HPP_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runhook/snapshot.hpp"

namespace runhook::inline v1 {
namespace detail {

inline constexpr const char* kManifestName = "manifest.json";

// The checksums of a file: one CRC-32C for each piece of so many bytes, so that a part can be checked by itself and
// several threads can check at once. Who wants one small variable of a file that is not in memory reads two pieces.
inline constexpr std::uint64_t kPieceBytes = std::uint64_t{1} << 20;

struct ManifestFile {
  // Variables may be in several files, of as many writers; state, too.
  enum class Kind { variables, state };
  std::string name;
  Kind kind = Kind::variables;
  std::uint64_t bytes = 0;
  std::vector<std::uint32_t> pieces;
};

struct Manifest {
  std::int64_t step = 0;
  std::int64_t saved_unix_ns = 0;
  std::string session;
  std::uint64_t piece_bytes = kPieceBytes;
  std::vector<ManifestFile> files;
  NamedNumbers metrics;
};

std::string manifest_text(const Manifest& manifest);
// Throws DATA_LOSS unless the text is as manifest_text() has made it, and UNIMPLEMENTED for that of a later format.
Manifest parse_manifest(std::string_view text);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_CHECKPOINT_MANIFEST_HPP_
