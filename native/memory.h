#pragma once

#define NAPI_VERSION 8
#include <napi.h>

namespace mgp {

/// Where a buffer starts that has to suit vector loads: a cache line.
constexpr size_t kAlignment = 64;

/// allocate(bytes): a zeroed ArrayBuffer, aligned where the runtime lets memory from outside in.
Napi::Value allocate(const Napi::CallbackInfo& info);

/// release(...buffers): frees the memory of ArrayBuffers that nobody uses any more, at once and for the
/// system.
Napi::Value release(const Napi::CallbackInfo& info);

/// isAligned(buffer): whether an ArrayBuffer starts where one of `allocate` does. For tests.
Napi::Value isAligned(const Napi::CallbackInfo& info);

/// Makes the environment's block, and returns the Float64Array that JavaScript packs it through.
Napi::Value makeBlock(Napi::Env env, struct Environment& environment);

}  // namespace mgp
