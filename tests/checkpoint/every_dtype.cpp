// A checkpoint with a variable of every type, for readers that are not ours: every_dtype FOLDER [FAULT]
// The n-th element of each is a function of n, which the readers know as well. In the variable whose name is FAULT the last
// element is another one, which they have to notice.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <functional>
#include <string>
#include <vector>

#include "runhook/checkpoint.hpp"

namespace {

using namespace runhook;

constexpr std::int64_t kShape[] = {2, 3, 4};
constexpr int kCount = 24;

template <typename T>
void add(Snapshot& snapshot, const std::string& name, DType dtype, const std::function<T(int)>& element,
         const std::string& fault) {
  std::vector<T> elements;
  for (int n = 0; n < kCount; ++n) elements.push_back(element(n));
  if (fault == name) std::memcpy(&elements.back(), &elements.front(), sizeof(T));
  snapshot.set(name, dtype, kShape, elements.data());
}

// Every integer from its least to its greatest, so that a wrong sign or size shows.
template <typename T>
void add_integers(Snapshot& snapshot, const std::string& name, DType dtype, const std::string& fault) {
  const std::function<T(int)> element = [](int n) {
    constexpr std::uint64_t kStride = 0x0b21642c8590b216;  // 2^64 / 23
    return static_cast<T>((std::uint64_t{0x8000000000000000} + static_cast<std::uint64_t>(n) * kStride) >>
                          (64 - 8 * sizeof(T)));
  };
  add<T>(snapshot, name, dtype, element, fault);
}

Snapshot every_dtype(const std::string& fault) {
  Snapshot snapshot;
  snapshot.global_step = 1;
  add_integers<std::int8_t>(snapshot, "int8", DType::int8, fault);
  add_integers<std::int16_t>(snapshot, "int16", DType::int16, fault);
  add_integers<std::int32_t>(snapshot, "int32", DType::int32, fault);
  add_integers<std::int64_t>(snapshot, "int64", DType::int64, fault);
  add_integers<std::uint8_t>(snapshot, "uint8", DType::uint8, fault);
  add_integers<std::uint16_t>(snapshot, "uint16", DType::uint16, fault);
  add_integers<std::uint32_t>(snapshot, "uint32", DType::uint32, fault);
  add_integers<std::uint64_t>(snapshot, "uint64", DType::uint64, fault);
  // 1, 1 + 1/64, ... : the bits of 1 are 0x3c00 and 0x3f80, the fraction is of ten and of seven bits.
  add<std::uint16_t>(
      snapshot, "float16", DType::float16, [](int n) { return static_cast<std::uint16_t>(0x3c00 + n * 16); }, fault);
  add<std::uint16_t>(
      snapshot, "bfloat16", DType::bfloat16, [](int n) { return static_cast<std::uint16_t>(0x3f80 + n * 2); }, fault);
  add<float>(
      snapshot, "float32", DType::float32, [](int n) { return static_cast<float>(n - 12) / 3.0F; }, fault);
  add<double>(
      snapshot, "float64", DType::float64, [](int n) { return static_cast<double>(n - 12) / 3.0; }, fault);
  struct Complex64 {
    float real, imaginary;
  };
  add<Complex64>(
      snapshot, "complex64", DType::complex64,
      [](int n) {
        return Complex64{static_cast<float>(n), static_cast<float>(-n) / 2};
      },
      fault);
  struct Complex128 {
    double real, imaginary;
  };
  add<Complex128>(
      snapshot, "complex128", DType::complex128,
      [](int n) {
        return Complex128{static_cast<double>(n), static_cast<double>(-n) / 2};
      },
      fault);
  add<std::uint8_t>(
      snapshot, "boolean", DType::boolean, [](int n) { return static_cast<std::uint8_t>(n % 3 == 0 ? 1 : 0); }, fault);
  snapshot.set("größe \"1\"\n", Value::scalar(fault == "scalar" ? 1.5 : 2.5));
  const std::int64_t empty[] = {0, 3};
  snapshot.set("empty", DType::float32, empty, nullptr);
  snapshot.set("string", Value::string(fault == "string" ? "Straße" : "Strasse"));
  return snapshot;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  try {
    CheckpointStore(argv[1]).save(every_dtype(argc > 2 ? argv[2] : ""));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
