#pragma once

#include <node_api.h>

#include <memory>

namespace mgp {

/// Numbers in the block of one environment: more than any call packs.
constexpr int kBlockLength = 512;

/// What the addon keeps for one JavaScript environment (the main thread, or one worker).
struct Environment {
  /// The packed arguments of the next call, written by JavaScript. Shared with the ArrayBuffer over it, so
  /// that neither the end of the environment nor a detached buffer leaves a pointer to freed memory behind.
  std::shared_ptr<double[]> block;
  /// Where the runtime refuses external buffers the block belongs to V8, and is asked for its address at
  /// every call.
  napi_ref blockReference = nullptr;
};

}  // namespace mgp
