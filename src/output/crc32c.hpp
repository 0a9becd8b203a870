// CRC-32C (Castagnoli), and the masked form of it that record files hold.
#ifndef RUNHOOK_SRC_OUTPUT_CRC32C_HPP_
#define RUNHOOK_SRC_OUTPUT_CRC32C_HPP_

#include <cstdint>
#include <string_view>

namespace runhook::inline v1 {
namespace detail {

// With the processor's instruction for it where there is one. `before`: of the data that comes before this.
std::uint32_t crc32c(std::string_view data, std::uint32_t before = 0) noexcept;
// Without; gives the same.
std::uint32_t crc32c_portable(std::string_view data, std::uint32_t before = 0) noexcept;

// Checksums are stored in this form, since a checksum of data that holds checksums would be weak.
constexpr std::uint32_t mask_crc(std::uint32_t crc) noexcept { return ((crc >> 15) | (crc << 17)) + 0xA282EAD8U; }

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_OUTPUT_CRC32C_HPP_
