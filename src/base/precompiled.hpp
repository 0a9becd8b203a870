// precompiled.hpp: compiled once ahead of the library's files: headers of others only, which many of them include. Each file
// includes what it uses nevertheless, and compiles without this (CMAKE_DISABLE_PRECOMPILE_HEADERS).
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>
