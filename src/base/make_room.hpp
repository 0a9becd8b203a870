// make_room.hpp: memory for what is added later, when there may be none.
#ifndef RUNHOOK_SRC_BASE_MAKE_ROOM_HPP_
#define RUNHOOK_SRC_BASE_MAKE_ROOM_HPP_

#include <algorithm>
#include <cstddef>
#include <vector>

namespace runhook::inline v1 {
namespace detail {

// So that the list can hold so many. Unlike with reserve(), adding one after the other takes time in proportion.
template <typename T>
void make_room(std::vector<T>& list, std::size_t size) {
  if (list.capacity() < size) list.reserve(std::max(size, 2 * list.capacity()));
}

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_BASE_MAKE_ROOM_HPP_
