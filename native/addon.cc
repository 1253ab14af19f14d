// The export table of the addon.

#include "benchmark.h"
#include "blas.h"
#include "entries.h"
#include "memory.h"
#include "parallel.h"
#include "replay.h"

namespace mgp {

namespace {

int threadsOf(const Napi::CallbackInfo& info, const char* message) {
  const double count = info.Length() > 0 && info[0].IsNumber() ? info[0].As<Napi::Number>().DoubleValue() : 0;
  if (!(count >= 1 && count <= 1024) || count != static_cast<int>(count))
    throw Napi::RangeError::New(info.Env(), message);
  return static_cast<int>(count);
}

Napi::Value setThreads(const Napi::CallbackInfo& info) {
  setNumThreads(threadsOf(info, "[setNumThreads] expected a whole number from 1 to 1024"));
  return info.Env().Undefined();
}

Napi::Value limit(const Napi::CallbackInfo& info) {
  limitThreads(threadsOf(info, "[limitThreads] expected a whole number from 1 to 1024"));
  return info.Env().Undefined();
}

Napi::Value getThreads(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), numThreads()); }

template <int N>
Napi::Array list(Napi::Env env, const char* const (&names)[N]) {
  Napi::Array array = Napi::Array::New(env, N);
  for (uint32_t i = 0; i < N; i++) array[i] = names[i];
  return array;
}

/// The lists of op names, which JavaScript compares with its own.
Napi::Object ops(Napi::Env env) {
  Napi::Object object = Napi::Object::New(env);
  object["dtypes"] = list(env, kDTypeNames);
  object["unary"] = list(env, kUnaryNames);
  object["binary"] = list(env, kBinaryNames);
  object["compare"] = list(env, kCompareNames);
  object["reduce"] = list(env, kReduceNames);
  object["scatter"] = list(env, kScatterNames);
  object["scan"] = list(env, kScanNames);
  object["random"] = list(env, kRandomNames);
  object["descent"] = list(env, kDescentNames);
  return object;
}

}  // namespace

Napi::Object initAddon(Napi::Env env, Napi::Object exports) {
  useOneBlasThread();
  auto* environment = new Environment;
  env.SetInstanceData(environment);
  exports["block"] = makeBlock(env, *environment);
  Napi::Array names = Napi::Array::New(env, entryCount());
  for (uint32_t i = 0; i < entryCount(); i++) {
    const Entry& e = entryAt(i);
    napi_value function;
    // Raw N-API functions: node-addon-api's wrappers would cost more than many of these calls take.
    if (napi_create_function(env, e.name, NAPI_AUTO_LENGTH, e.callback, environment, &function) != napi_ok)
      throw Napi::Error::New(env);
    exports[e.name] = Napi::Value(env, function);
    names[i] = e.name;
  }
  exports["entries"] = names;
  exports["replay"] = Napi::Function::New(env, replay, "replay");
  exports["timeGemm"] = Napi::Function::New(env, timeGemm, "timeGemm");
  exports["timeTriad"] = Napi::Function::New(env, timeTriad, "timeTriad");
  exports["allocate"] = Napi::Function::New(env, allocate, "allocate");
  exports["release"] = Napi::Function::New(env, release, "release");
  exports["isAligned"] = Napi::Function::New(env, isAligned, "isAligned");
  exports["setNumThreads"] = Napi::Function::New(env, setThreads, "setNumThreads");
  exports["limitThreads"] = Napi::Function::New(env, limit, "limitThreads");
  exports["getNumThreads"] = Napi::Function::New(env, getThreads, "getNumThreads");
  exports["ops"] = ops(env);
  exports["version"] = MGP_VERSION;
  exports["blasCore"] = blasCore();
  exports["blasConfig"] = blasConfig();
  exports["blasThreading"] = blasThreading();
  exports["hasLapack"] = hasLapack();
  exports["isa"] = kernels.isa;
  return exports;
}

}  // namespace mgp

using mgp::initAddon;
NODE_API_MODULE(mgp, initAddon)
