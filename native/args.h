#pragma once

// The guards between JavaScript and the kernels. Every number that a kernel will trust is read once, here,
// and checked against the memory it will be used on: no JavaScript value, however wrong, makes native code
// leave its buffers.

#include <cstdint>
#include <initializer_list>
#include <string>

#include "environment.h"
#include "ops.h"

namespace mgp {

/// More elements than this no tensor has (MAX_SIZE of lib/shape.ts), so products of checked sizes fit an
/// int64.
constexpr int64_t kMaxSize = int64_t{1} << 33;
/// Whole numbers up to here are exact in JavaScript.
constexpr int64_t kMaxInteger = (int64_t{1} << 53) - 1;

/// A wrong argument, or work that could not be done. Thrown and caught inside one native call; JavaScript
/// sees a TypeError, a RangeError or an Error.
struct CallError {
  enum class Kind { Type, Range, Failure } kind;
  std::string message;
};

/// A buffer that JavaScript handed over for the length of this call.
struct Memory {
  char* data;
  int64_t bytes;
};

/// The memory of an ArrayBuffer, or of a Uint8Array (shared memory comes in one: N-API has no call for a bare
/// SharedArrayBuffer). False for anything else.
bool bufferOf(napi_env env, napi_value value, Memory* memory) noexcept;

/// The arguments of one call: the buffers, in order, and the numbers in the environment's block, read in
/// order.
class Call {
 public:
  static constexpr int kMaxArguments = 12;

  /// A call from JavaScript.
  Call(napi_env env, napi_callback_info info) noexcept;
  /// A call that was recorded: its buffers, and a block of its own.
  Call(napi_env env, const Memory* buffers, int count, const double* block, int length) noexcept
      : env_(env), buffers_(buffers), argc_(static_cast<size_t>(count)), block_(block), length_(length) {}

  /// Whom errors are attributed to.
  void setOp(const char* op) { op_ = op; }
  [[noreturn]] void typeError(const std::string& message) const;
  [[noreturn]] void rangeError(const std::string& message) const;

  // The next number of the block.
  double number(const char* what) {
    if (position_ >= length_) tooLong(what);
    return block_[position_++];
  }
  int64_t integer(const char* what, int64_t low, int64_t high) {
    const double value = number(what);
    // Written so that NaN fails, and that the conversion is defined.
    if (!(value >= static_cast<double>(low) && value <= static_cast<double>(high)))
      notWhole(what, low, high, value);
    const auto whole = static_cast<int64_t>(value);
    if (static_cast<double>(whole) != value) notWhole(what, low, high, value);
    return whole;
  }
  int64_t size(const char* what) { return integer(what, 0, kMaxSize); }
  bool flag(const char* what) { return integer(what, 0, 1) != 0; }
  DType dtype(const char* what) { return static_cast<DType>(integer(what, 0, kDTypes - 1)); }

  /// An op code, as an index into the list of names. Errors from here on carry that name.
  template <class Op, int N>
  Op choice(const char* const (&names)[N]) {
    const int64_t index = integer("op", 0, N - 1);
    op_ = names[index];
    return static_cast<Op>(index);
  }

  /// ndim and that many sizes; returns the number of elements.
  int64_t shape(Nest& nest);

  /// The product of sizes that were checked, or a RangeError when no tensor is that large.
  int64_t product(const char* name, std::initializer_list<int64_t> sizes) const;

  /// dtype, offset and strides of an operand over the nest's shape, its buffer argument number `argument`.
  DType operand(Nest& nest, int slot, int argument, const char* name) {
    int64_t length;
    return operand(nest, slot, argument, name, &length);
  }

  /// As `operand`, for a result: it must be large enough to hold every element once.
  DType result(Nest& nest, int slot, int argument, const char* name);

  /// dtype and offset of a contiguous operand of `count` elements; returns where it starts.
  char* contiguous(int argument, const char* name, int64_t count, DType* dtype);
  /// The same, where the dtype has to be this one.
  char* contiguous(int argument, const char* name, int64_t count, DType expected);

  /// Offset and strides of an operand whose shape and dtype are known. Strides, in elements, go to `strides`,
  /// and the number of elements in the whole buffer to `length`.
  char* strided(int argument, const char* name, DType dtype, int ndim, const int64_t* shape, int64_t* strides,
                int64_t* length);

  void sameDType(const char* name, DType expected, DType got) const;
  [[noreturn]] void unsupported(DType dtype) const;

  /// What the call returns to JavaScript; undefined unless set.
  void returns(double value) {
    result_ = value;
    hasResult_ = true;
  }

  /// What the call returned, or -1.
  double answer() const { return hasResult_ ? result_ : -1; }

  /// Runs `body` with this call's arguments, and turns what it throws into a JavaScript error. Returns
  /// whether it threw nothing.
  bool run(void (*body)(Call&)) noexcept;
  static napi_value run(napi_env env, napi_callback_info info, void (*body)(Call&)) noexcept;

 private:
  DType operand(Nest& nest, int slot, int argument, const char* name, int64_t* length);
  Memory memory(int argument, const char* name, DType dtype) const;
  void checkReach(const char* name, const Memory& memory, DType dtype, int64_t length, int64_t offset,
                  int ndim, const int64_t* shape, const int64_t* strides) const;

  [[noreturn]] void tooLong(const char* what) const;
  [[noreturn]] void notWhole(const char* what, int64_t low, int64_t high, double value) const;

  napi_env env_;
  const char* op_ = "native";
  const Memory* buffers_ = nullptr;  // Those of a recorded call; otherwise they are asked for by argv_.
  size_t argc_ = kMaxArguments;
  napi_value argv_[kMaxArguments];
  const double* block_ = nullptr;
  int length_ = kBlockLength;
  int position_ = 0;
  bool hasResult_ = false;
  double result_ = 0;
};

/// Calls body with a null pointer to the C++ type of a float dtype.
template <class Body>
void forFloat(const Call& call, DType dtype, const Body& body) {
  if (dtype == DType::Float32)
    body(static_cast<float*>(nullptr));
  else if (dtype == DType::Float64)
    body(static_cast<double*>(nullptr));
  else
    call.unsupported(dtype);
}

/// An entry of the export table: a native function around `body`.
template <void (*kBody)(Call&)>
napi_value entry(napi_env env, napi_callback_info info) {
  return Call::run(env, info, kBody);
}

}  // namespace mgp
