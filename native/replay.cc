#include "replay.h"

#include <vector>

#include "entries.h"

namespace mgp {

namespace {

constexpr uint32_t kMaxBuffers = 1 << 20;

[[noreturn]] void malformed(Napi::Env env, const char* what) {
  throw Napi::RangeError::New(env, std::string("[replay] ") + what);
}

/// The numbers of a program, in order. None is trusted.
struct Reader {
  Napi::Env env;
  double* numbers;
  size_t length;
  size_t position = 0;

  int64_t next(const char* what, int64_t low, int64_t high) {
    const double value = position < length ? numbers[position++] : -2;
    if (!(value >= static_cast<double>(low) && value <= static_cast<double>(high)) ||
        static_cast<double>(static_cast<int64_t>(value)) != value)
      malformed(env, what);
    return static_cast<int64_t>(value);
  }

  const double* skip(int64_t count) {
    if (static_cast<size_t>(count) > length - position) malformed(env, "the program is too short");
    const double* const start = numbers + position;
    position += static_cast<size_t>(count);
    return start;
  }
};

Memory slice(Reader& reader, const std::vector<Memory>& buffers) {
  const int64_t index = reader.next("slot: no such buffer", 0, static_cast<int64_t>(buffers.size()) - 1);
  const Memory& buffer = buffers[static_cast<size_t>(index)];
  const int64_t base = reader.next("slot: outside its buffer", 0, buffer.bytes);
  const int64_t bytes = reader.next("slot: longer than its buffer", -1, buffer.bytes - base);
  return {buffer.data + base, bytes < 0 ? buffer.bytes - base : bytes};
}

}  // namespace

Napi::Value replay(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info.Length() < 2 || !info[0].IsTypedArray() || !info[1].IsArray() ||
      info[0].As<Napi::TypedArray>().TypedArrayType() != napi_float64_array)
    throw Napi::TypeError::New(env, "[replay] expected a Float64Array and an array of buffers");
  const auto handles = info[1].As<Napi::Array>();
  if (handles.Length() > kMaxBuffers) malformed(env, "too many buffers");

  // An element may be a getter, which runs JavaScript: no memory is looked up before all are there.
  std::vector<napi_value> values(handles.Length());
  for (uint32_t i = 0; i < values.size(); i++)
    if (napi_get_element(env, handles, i, &values[i]) != napi_ok) return env.Undefined();
  std::vector<Memory> buffers(values.size());
  for (size_t i = 0; i < buffers.size(); i++)
    if (!bufferOf(env, values[i], &buffers[i]))
      throw Napi::TypeError::New(env,
                                 "[replay] expected ArrayBuffers, or Uint8Arrays over SharedArrayBuffers");

  auto program = info[0].As<Napi::Float64Array>();
  Reader reader{env, program.Data(), program.ElementLength()};
  const int64_t slotCount = reader.next("number of slots", 0, 1 << 20);
  const int64_t callCount = reader.next("number of calls", 0, 1 << 20);
  double* const answer = reader.numbers + reader.position;
  reader.skip(1);
  std::vector<Memory> slots(static_cast<size_t>(slotCount));
  for (Memory& slot : slots) slot = slice(reader, buffers);

  for (int64_t i = 0; i < callCount; i++) {
    const int64_t index = reader.next("no such entry", 0, entryCount() - 1);
    const int64_t argc = reader.next("too many arguments", 0, Call::kMaxArguments);
    const int64_t length = reader.next("the block is too long", 0, kBlockLength);
    Memory arguments[Call::kMaxArguments];
    for (int64_t a = 0; a < argc; a++)
      arguments[a] = slots[static_cast<size_t>(reader.next("no such slot", 0, slotCount - 1))];
    const double* const block = reader.skip(length);
    Call call(env, arguments, static_cast<int>(argc), block, static_cast<int>(length));
    if (!call.run(entryAt(static_cast<uint32_t>(index)).body)) return env.Undefined();
    if (call.answer() >= 0) {
      *answer = call.answer();
      return Napi::Number::New(env, static_cast<double>(i));
    }
  }
  return Napi::Number::New(env, -1);
}

}  // namespace mgp
