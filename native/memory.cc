#include "memory.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "args.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace mgp {

namespace {

/// An ArrayBuffer over memory of ours, or an empty value where the runtime refuses such (Electron does).
Napi::Value external(Napi::Env env, void* data, size_t bytes, napi_finalize finalize, void* hint) {
  napi_value buffer;
  const napi_status status = napi_create_external_arraybuffer(env, data, bytes, finalize, hint, &buffer);
  if (status == napi_ok) return {env, buffer};
  if (env.IsExceptionPending()) env.GetAndClearPendingException();
  return {};
}

/// Zeroed memory that starts at a multiple of kAlignment, or nullptr when there is not enough. `base` is what
/// to free.
void* allocateAligned(size_t bytes, void** base) {
  // calloc gets large blocks from the system as pages that are zero already, and untouched.
  *base = std::calloc(bytes + kAlignment, 1);
  if (!*base) return nullptr;
  const auto address = reinterpret_cast<uintptr_t>(*base);
  return reinterpret_cast<void*>((address + kAlignment - 1) / kAlignment * kAlignment);
}

}  // namespace

Napi::Value allocate(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const double bytes =
      info.Length() > 0 && info[0].IsNumber() ? info[0].As<Napi::Number>().DoubleValue() : -1;
  if (!(bytes >= 0 && bytes <= static_cast<double>(kMaxInteger)) ||
      bytes != static_cast<double>(static_cast<int64_t>(bytes)))
    throw Napi::RangeError::New(env, "[allocate] bytes: expected a whole number from 0");
  const auto size = static_cast<size_t>(bytes);
  if (size == 0) return Napi::ArrayBuffer::New(env, 0);
  void* base;
  // No tensor is larger, and asking the system for absurd sizes is not always harmless.
  void* data = bytes <= 8.0 * kMaxSize ? allocateAligned(size, &base) : nullptr;
  if (data) {
    const Napi::Value buffer = external(
        env, data, size, [](napi_env, void*, void* hint) { std::free(hint); }, base);
    if (!buffer.IsEmpty()) return buffer;
    std::free(base);
    napi_value own;
    if (napi_create_arraybuffer(env, size, &data, &own) == napi_ok) return {env, own};
    if (env.IsExceptionPending()) env.GetAndClearPendingException();
  }
  throw Napi::RangeError::New(env, "[allocate] " + std::to_string(size) + " bytes of memory cannot be had");
}

Napi::Value release(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  for (size_t i = 0; i < info.Length(); i++)
    if (!info[i].IsArrayBuffer()) throw Napi::TypeError::New(env, "[release] expected ArrayBuffers");
  // What cannot be detached is left to the garbage collector.
  for (size_t i = 0; i < info.Length(); i++) napi_detach_arraybuffer(env, info[i]);
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
  return env.Undefined();
}

Napi::Value isAligned(const Napi::CallbackInfo& info) {
  const bool isBuffer = info.Length() > 0 && info[0].IsArrayBuffer();
  if (!isBuffer) throw Napi::TypeError::New(info.Env(), "[isAligned] expected an ArrayBuffer");
  const auto address = reinterpret_cast<uintptr_t>(info[0].As<Napi::ArrayBuffer>().Data());
  return Napi::Boolean::New(info.Env(), address % kAlignment == 0);
}

Napi::Value makeBlock(Napi::Env env, Environment& environment) {
  constexpr size_t kBytes = kBlockLength * sizeof(double);
  using Shared = std::shared_ptr<double[]>;
  Shared block(new double[kBlockLength]());
  auto* owner = new Shared(block);
  Napi::Value buffer = external(
      env, block.get(), kBytes, [](napi_env, void*, void* hint) { delete static_cast<Shared*>(hint); },
      owner);
  if (!buffer.IsEmpty()) {
    environment.block = std::move(block);
  } else {
    delete owner;
    buffer = Napi::ArrayBuffer::New(env, kBytes);
    napi_create_reference(env, buffer, 1, &environment.blockReference);
  }
  return Napi::Float64Array::New(env, kBlockLength, buffer.As<Napi::ArrayBuffer>(), 0);
}

}  // namespace mgp
