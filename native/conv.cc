// 2-D convolutions and their gradients.

#include "conv.h"

#include <algorithm>
#include <climits>
#include <memory>
#include <new>
#include <type_traits>

#include "entries.h"
#include "nest.h"

namespace mgp {

Conv::Conv(Call& call) {
  n = call.size("N");
  channels = call.size("C");
  filters = call.size("O");
  groups = call.integer("groups", 1, kMaxSize);
  window = readWindow(call);
  if (channels % groups != 0 || filters % groups != 0)
    call.rangeError("groups: " + std::to_string(groups) + " do not divide " + std::to_string(channels) +
                    " and " + std::to_string(filters) + " channels");
  channels /= groups;
  filters /= groups;
  stops = window.stops();
  depth = call.product("weight", {channels, window.area()});
  imageSize = call.product("image", {channels, window.height, window.width});
  outputSize = call.product("output", {filters, stops});
  weightSize = call.product("weight", {filters, depth});
  call.product("columns", {depth, stops});
  if (std::max({depth, stops, filters}) > INT_MAX) call.rangeError("sizes do not fit BLAS");
}

int64_t Conv::grain() const {
  // Multiplications that take some ten microseconds.
  constexpr int64_t kWork = 1 << 19;
  return std::max<int64_t>(1, kWork / std::max<int64_t>(1, filters * depth * stops));
}

void checkMemory(const std::atomic<bool>& failed) {
  if (failed) throw std::bad_alloc();
}

namespace {

template <class T>
constexpr int kDType = static_cast<int>(std::is_same_v<T, float> ? DType::Float32 : DType::Float64);

/// Runs a pointwise kernel on operands of one shape, the result first.
template <class T>
void runPointwise(PointwiseKernel kernel, std::initializer_list<const Images*> operands) {
  Nest nest;
  const Images& out = **operands.begin();
  nest.ndim = 4;
  std::copy_n(out.shape, 4, nest.shape);
  int k = 0;
  for (const Images* const operand : operands) {
    nest.data[k] = operand->data;
    for (int i = 0; i < 4; i++) nest.strides[k][i] = operand->strides[i] * static_cast<int64_t>(sizeof(T));
    k++;
  }
  sortAndCoalesce(nest, k);
  constexpr int64_t kGrain = 16384;
  parallelFor(out.shape[0] * out.imageSize(), kGrain,
              [&](int64_t begin, int64_t end) { kernel(nest, begin, end); });
}

}  // namespace

template <class T>
void copyImages(const Images& from, const Images& to) {
  runPointwise<T>(kernels.copy[kDType<T>][kDType<T>], {&to, &from});
}

template void copyImages<float>(const Images&, const Images&);
template void copyImages<double>(const Images&, const Images&);

namespace {

enum class Side { Image, Output };
enum class Role { First, Further, Result };

/// Reads dtype, offset and strides of an operand. The first one sets the dtype of all.
Images readImages(Call& call, const Conv& conv, Side side, int argument, const char* name, DType* dtype,
                  Role role = Role::First) {
  Images images;
  const bool isImage = side == Side::Image;
  const int64_t shape[] = {conv.n, conv.groups * (isImage ? conv.channels : conv.filters),
                           isImage ? conv.window.height : conv.window.outHeight,
                           isImage ? conv.window.width : conv.window.outWidth};
  std::copy_n(shape, 4, images.shape);
  const int64_t count = isImage ? conv.inputCount(call) : conv.outputCount(call);
  const DType got = call.dtype("dtype");
  if (role == Role::First) *dtype = got;
  call.sameDType(name, *dtype, got);
  int64_t length;
  images.data = call.strided(argument, name, got, 4, shape, images.strides, &length);
  // Elements of a result that share memory have no one value.
  if (role == Role::Result && count > length)
    call.rangeError(std::string(name) + ": the elements do not fit its buffer");
  return images;
}

/// The elements of an operand in row-major order: where they lie so, themselves, else a copy.
template <class T>
class RowMajor {
 public:
  explicit RowMajor(const Images& images) : operand_(images), data_(reinterpret_cast<T*>(images.data)) {
    if (images.isRowMajor()) return;
    memory_.reset(new T[static_cast<size_t>(images.shape[0] * images.imageSize())]);
    data_ = memory_.get();
  }
  T* room() const { return data_; }
  const T* read() const {
    if (memory_) copyImages<T>(operand_, copy());
    return data_;
  }
  void write() const {
    if (memory_) copyImages<T>(copy(), operand_);
  }

 private:
  Images copy() const {
    Images images = operand_;
    images.data = reinterpret_cast<char*>(data_);
    images.strides[3] = 1;
    for (int i = 3; i > 0; i--) images.strides[i - 1] = images.strides[i] * images.shape[i];
    return images;
  }

  Images operand_;
  T* data_;
  std::unique_ptr<T[]> memory_;
};

/// The gradient of relu, whose result is the gate.
template <class T>
void runGate(const Images& gate, const Images& out) {
  runPointwise<T>(kernels.binary[static_cast<int>(BinaryOp::ReluGrad)][kDType<T>], {&out, &out, &gate});
}

template <class T>
void forward(const Conv& conv, const Images& x, const T* weight, const T* bias, bool relu,
             const Images& out) {
  if (ByImages<T>::suits(conv) && ByImages<T>::forward(conv, x, weight, bias, relu, out)) return;
  const RowMajor<T> from(x), to(out);
  ByColumns<T>::forward(conv, from.read(), weight, bias, to.room());
  to.write();
  if (relu) runPointwise<T>(kernels.unary[static_cast<int>(UnaryOp::Relu)][kDType<T>], {&out, &out});
}

template <class T>
void gradInput(const Conv& conv, const Images& grad, const T* weight, const Images* gate, const Images& out) {
  const bool isGated = gate && out.strides[0] == 1 && std::equal(out.strides, out.strides + 4, gate->strides);
  if (ByImages<T>::suits(conv) && ByImages<T>::gradInput(conv, grad, weight, isGated ? gate : nullptr, out)) {
    if (gate && !isGated) runGate<T>(*gate, out);
    return;
  }
  const RowMajor<T> from(grad), to(out);
  ByColumns<T>::gradInput(conv, from.read(), weight, to.room());
  to.write();
  if (gate) runGate<T>(*gate, out);
}

template <class T>
void gradWeight(const Conv& conv, const Images& x, const Images& grad, T* out) {
  if (ByImages<T>::suits(conv) && ByImages<T>::gradWeight(conv, x, grad, out)) return;
  const RowMajor<T> images(x), grads(grad);
  ByColumns<T>::gradWeight(conv, images.read(), grads.read(), out);
}

}  // namespace

/// Block: N, C, O, groups, window, whether there is a bias, whether relu follows, then x (any strides),
/// weight, bias if so, out (any strides). Buffers in the same order.
void conv2d(Call& call) {
  call.setOp("conv2d");
  const Conv conv(call);
  const bool hasBias = call.flag("bias"), relu = call.flag("relu");
  DType dtype;
  const Images x = readImages(call, conv, Side::Image, 0, "x", &dtype);
  const char* const weight = call.contiguous(1, "weight", conv.weightCount(call), dtype);
  const char* const bias = hasBias ? call.contiguous(2, "bias", conv.groups * conv.filters, dtype) : nullptr;
  const Images out = readImages(call, conv, Side::Output, 2 + hasBias, "out", &dtype, Role::Result);
  if (conv.n * conv.outputSize == 0) return;
  forFloat(call, dtype, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    forward(conv, x, reinterpret_cast<const T*>(weight), reinterpret_cast<const T*>(bias), relu, out);
  });
}

/// Block: N, C, O, groups, window, whether the gradient of relu follows, then grad (any strides), weight, out
/// (any strides), and if so relu's result (any strides). Buffers in the same order.
void conv2dInput(Call& call) {
  call.setOp("conv2dInput");
  const Conv conv(call);
  const bool isGated = call.flag("gate");
  DType dtype;
  const Images grad = readImages(call, conv, Side::Output, 0, "grad", &dtype);
  const char* const weight = call.contiguous(1, "weight", conv.weightCount(call), dtype);
  const Images out = readImages(call, conv, Side::Image, 2, "out", &dtype, Role::Result);
  Images gate;
  if (isGated) gate = readImages(call, conv, Side::Image, 3, "gate", &dtype, Role::Further);
  if (conv.n * conv.imageSize == 0) return;
  forFloat(call, dtype, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    gradInput(conv, grad, reinterpret_cast<const T*>(weight), isGated ? &gate : nullptr, out);
  });
}

/// Block: N, C, O, groups, window, then x and grad (any strides), out. Buffers in the same order.
void conv2dWeight(Call& call) {
  call.setOp("conv2dWeight");
  const Conv conv(call);
  DType dtype;
  const Images x = readImages(call, conv, Side::Image, 0, "x", &dtype);
  const Images grad = readImages(call, conv, Side::Output, 1, "grad", &dtype, Role::Further);
  char* const out = call.contiguous(2, "out", conv.weightCount(call), dtype);
  if (conv.weightSize == 0) return;
  if (conv.n * conv.stops == 0) {
    std::fill_n(out, conv.groups * conv.weightSize * itemSize(dtype), char{0});
    return;
  }
  forFloat(call, dtype, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    gradWeight(conv, x, grad, reinterpret_cast<T*>(out));
  });
}

}  // namespace mgp
