// checkpoint_writer.hpp: writing one checkpoint, from the first byte to the commit.
#ifndef RUNHOOK_SRC_CHECKPOINT_CHECKPOINT_WRITER_HPP_
#define RUNHOOK_SRC_CHECKPOINT_CHECKPOINT_WRITER_HPP_

#include <cstdint>
#include <memory>
#include <string>

#include "checkpoint/file_system.hpp"
#include "runhook/checkpoint.hpp"

namespace runhook::inline v1 {
namespace detail {

class CheckpointWriter {
 public:
  CheckpointWriter(std::shared_ptr<FileSystem> files, std::string directory, Durability durability,
                   std::string session);

  // Writes a checkpoint, and gives it its name as the last act; it is committed once that is on the disk, too, which is
  // left to the caller. Throws ALREADY_EXISTS if there is something of that name; then and after every other failure
  // nothing of it is left, as far as the system allows.
  void commit(const Snapshot& snapshot);
  // Removes a directory and the files in it; what cannot be removed is left, and said.
  Error remove(const std::string& path) noexcept;
  // Puts what the directory has under which names onto the disk.
  void sync_directory(const std::string& path);

 private:
  const std::shared_ptr<FileSystem> files_;
  const std::string directory_;
  const Durability durability_;
  const std::string session_;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_CHECKPOINT_CHECKPOINT_WRITER_HPP_
