#pragma once

#include <napi.h>

namespace mgp {

// What `mgp bench` holds the kernels against. Each runs on one thread and returns the seconds of one run.

/// cblas_sgemm itself. Arguments: m, n, k, how often.
Napi::Value timeGemm(const Napi::CallbackInfo& info);

/// out = a + b over more memory than caches hold. Arguments: count, how often.
Napi::Value timeTriad(const Napi::CallbackInfo& info);

}  // namespace mgp
