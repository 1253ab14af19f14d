#include "args.h"

#include <cstdio>
#include <exception>
#include <new>
#include <utility>

namespace mgp {

namespace {

/// A number as JavaScript prints it, nearly.
std::string format(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.15g", value);
  return text;
}

using Wide = __int128;

}  // namespace

Call::Call(napi_env env, napi_callback_info info) noexcept : env_(env) {
  void* data = nullptr;
  napi_get_cb_info(env, info, &argc_, argv_, nullptr, &data);
  const auto* environment = static_cast<const Environment*>(data);
  block_ = environment->block.get();
  if (block_) return;
  napi_value buffer;
  void* address = nullptr;
  size_t bytes = 0;
  if (napi_get_reference_value(env, environment->blockReference, &buffer) == napi_ok &&
      napi_get_arraybuffer_info(env, buffer, &address, &bytes) == napi_ok)
    block_ = static_cast<const double*>(address);
  // JavaScript can take away a buffer that is its own.
  if (bytes != kBlockLength * sizeof(double)) length_ = 0;
}

void Call::typeError(const std::string& message) const {
  throw CallError{CallError::Kind::Type, std::string("[") + op_ + "] " + message};
}

void Call::rangeError(const std::string& message) const {
  throw CallError{CallError::Kind::Range, std::string("[") + op_ + "] " + message};
}

void Call::tooLong(const char* what) const {
  rangeError(std::string(what) + ": the argument block is too short, or detached");
}

void Call::notWhole(const char* what, int64_t low, int64_t high, double value) const {
  rangeError(std::string(what) + ": expected a whole number from " + std::to_string(low) + " to " +
             std::to_string(high) + ", got " + format(value));
}

bool bufferOf(napi_env env, napi_value value, Memory* memory) noexcept {
  void* data = nullptr;
  size_t bytes = 0;
  if (napi_get_arraybuffer_info(env, value, &data, &bytes) != napi_ok) {
    napi_typedarray_type type;
    bool isTypedArray = false;
    napi_is_typedarray(env, value, &isTypedArray);
    if (!isTypedArray ||
        napi_get_typedarray_info(env, value, &type, &bytes, &data, nullptr, nullptr) != napi_ok ||
        type != napi_uint8_array)
      return false;
  }
  *memory = {static_cast<char*>(data), static_cast<int64_t>(bytes)};
  return true;
}

Memory Call::memory(int argument, const char* name, DType dtype) const {
  Memory memory;
  if (argument >= static_cast<int>(argc_))
    typeError(std::string(name) + ": expected an ArrayBuffer, got nothing");
  if (buffers_)
    memory = buffers_[argument];
  else if (!bufferOf(env_, argv_[argument], &memory))
    typeError(std::string(name) + ": expected an ArrayBuffer, or a Uint8Array over a SharedArrayBuffer");
  if (reinterpret_cast<uintptr_t>(memory.data) % itemSize(dtype) != 0)
    rangeError(std::string(name) + ": the memory is not aligned for " + nameOf(dtype));
  return memory;
}

void Call::checkReach(const char* name, const Memory& memory, DType dtype, int64_t length, int64_t offset,
                      int ndim, const int64_t* shape, const int64_t* strides) const {
  Wide low = offset, high = offset;
  for (int i = 0; i < ndim; i++) {
    const Wide reach = static_cast<Wide>(shape[i] - 1) * strides[i];
    (reach < 0 ? low : high) += reach;
  }
  if (low < 0 || high >= length)
    rangeError(std::string(name) + ": elements " + format(static_cast<double>(low)) + " to " +
               format(static_cast<double>(high)) + " lie outside its buffer of " + std::to_string(length) +
               " " + nameOf(dtype) + (memory.bytes == 0 ? " (empty or detached)" : ""));
}

int64_t Call::shape(Nest& nest) {
  nest.ndim = static_cast<int>(integer("ndim", 0, kMaxDims));
  int64_t count = 1;
  bool empty = false;
  for (int i = 0; i < nest.ndim; i++) {
    nest.shape[i] = size("shape");
    empty = empty || nest.shape[i] == 0;
    // Zeros are left out, so that the product of any of the sizes fits.
    if (nest.shape[i] > 1) count = product("shape", {count, nest.shape[i]});
  }
  return empty ? 0 : count;
}

int64_t Call::product(const char* name, std::initializer_list<int64_t> sizes) const {
  int64_t count = 1;
  for (const int64_t size : sizes) {
    // Two factors of at most 2^33: only their product needs the wide type.
    const Wide product = static_cast<Wide>(count) * size;
    if (product > kMaxSize)
      rangeError(std::string(name) + ": more than " + std::to_string(kMaxSize) + " elements");
    count = static_cast<int64_t>(product);
  }
  return count;
}

DType Call::operand(Nest& nest, int slot, int argument, const char* name, int64_t* length) {
  const DType type = dtype("dtype");
  nest.data[slot] = strided(argument, name, type, nest.ndim, nest.shape, nest.strides[slot], length);
  for (int i = 0; i < nest.ndim; i++) nest.strides[slot][i] *= itemSize(type);
  return type;
}

DType Call::result(Nest& nest, int slot, int argument, const char* name) {
  int64_t length;
  const DType type = operand(nest, slot, argument, name, &length);
  int64_t count = 1;
  for (int i = 0; i < nest.ndim; i++) count *= nest.shape[i];
  // A result whose elements share memory has no one value, and could keep a thread busy for years.
  if (count > length)
    rangeError(std::string(name) + ": " + std::to_string(count) + " elements do not fit its buffer of " +
               std::to_string(length) + " " + nameOf(type));
  return type;
}

char* Call::contiguous(int argument, const char* name, int64_t count, DType* dtypeOut) {
  const DType type = dtype("dtype");
  *dtypeOut = type;
  const Memory buffer = memory(argument, name, type);
  const int64_t offset = integer("offset", 0, kMaxInteger);
  const int64_t length = buffer.bytes / itemSize(type);
  if (count == 0) return buffer.data;
  if (static_cast<Wide>(offset) + count > length)
    rangeError(std::string(name) + ": elements " + std::to_string(offset) + " to " +
               format(static_cast<double>(offset) + static_cast<double>(count) - 1) +
               " lie outside its buffer of " + std::to_string(length) + " " + nameOf(type) +
               (buffer.bytes == 0 ? " (empty or detached)" : ""));
  return buffer.data + offset * itemSize(type);
}

char* Call::contiguous(int argument, const char* name, int64_t count, DType expected) {
  DType got;
  char* data = contiguous(argument, name, count, &got);
  sameDType(name, expected, got);
  return data;
}

char* Call::strided(int argument, const char* name, DType type, int ndim, const int64_t* shape,
                    int64_t* strides, int64_t* length) {
  const Memory buffer = memory(argument, name, type);
  *length = buffer.bytes / itemSize(type);
  const int64_t offset = integer("offset", 0, kMaxInteger);
  bool empty = false;
  for (int i = 0; i < ndim; i++) {
    strides[i] = integer("stride", -kMaxInteger, kMaxInteger);
    empty = empty || shape[i] == 0;
    // The stride of a single element is never taken: it must not overflow anything either.
    if (shape[i] <= 1) strides[i] = 0;
  }
  if (empty) return buffer.data;
  checkReach(name, buffer, type, *length, offset, ndim, shape, strides);
  return buffer.data + offset * itemSize(type);
}

void Call::sameDType(const char* name, DType expected, DType got) const {
  if (expected != got)
    typeError(std::string(name) + ": expected " + nameOf(expected) + ", got " + nameOf(got));
}

void Call::unsupported(DType dtype) const { typeError(std::string("does not take ") + nameOf(dtype)); }

napi_value Call::run(napi_env env, napi_callback_info info, void (*body)(Call&)) noexcept {
  Call call(env, info);
  napi_value value = nullptr;
  if (call.run(body) && call.hasResult_) napi_create_double(env, call.result_, &value);
  return value;
}

bool Call::run(void (*body)(Call&)) noexcept {
  CallError failure{CallError::Kind::Failure, ""};
  const auto fail = [&](const char* what) { failure.message = std::string("[") + op_ + "] " + what; };
  try {
    body(*this);
    return true;
  } catch (CallError& error) {
    failure = std::move(error);
  } catch (const std::bad_alloc&) {
    fail("out of memory");
  } catch (const std::exception& error) {
    fail(error.what());
  }
  const char* const message = failure.message.c_str();
  switch (failure.kind) {
    case CallError::Kind::Type:
      napi_throw_type_error(env_, nullptr, message);
      break;
    case CallError::Kind::Range:
      napi_throw_range_error(env_, nullptr, message);
      break;
    case CallError::Kind::Failure:
      napi_throw_error(env_, nullptr, message);
  }
  return false;
}

}  // namespace mgp
