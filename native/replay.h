#pragma once

#include <napi.h>

namespace mgp {

/// Runs a recorded step (lib/backend/plan.ts): many calls in one. Arguments: the program, a Float64Array, and
/// an array of the buffers that it works on. Returns -1, or the position of the call that found bad data,
/// whose answer then lies in program[2].
///
/// Program: number of slots, number of calls, room for an answer; then for each slot the index of its buffer,
/// where it begins there and how long it is, in bytes (-1: to the end); then for each call the position of
/// its entry, the number of its arguments, the length of its block, the slots of the arguments, and the
/// block.
Napi::Value replay(const Napi::CallbackInfo& info);

}  // namespace mgp
