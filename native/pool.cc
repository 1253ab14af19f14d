// Max pooling and its gradient.

#include <algorithm>
#include <climits>

#include "entries.h"
#include "im2col.h"
#include "parallel.h"

namespace mgp {

namespace {

/// Comparisons a thread should make at least.
constexpr int64_t kGrain = 32768;

bool areInnermost(const int64_t* strides, const int64_t* shape) {
  return strides[0] == 1 || shape[0] * shape[1] * shape[2] * shape[3] == 0;
}

/// Block: N, C, window, then what lies in images (N, C, H, W), at the stops (N, C, OH, OW), and the int32
/// index of the stops. Buffers: in the order of the arguments.
void run(Call& call, const char* imageName, int image, const char* stopsName, int stops, int index,
         const PoolKernel* kernels) {
  Pool pool;
  pool.images = call.size("N");
  pool.channels = call.size("C");
  const Window window = readWindow(call, true);
  pool.height = window.height;
  pool.width = window.width;
  pool.outHeight = window.outHeight;
  pool.outWidth = window.outWidth;
  std::copy_n(window.kernel, 2, pool.kernel);
  std::copy_n(window.stride, 2, pool.stride);
  std::copy_n(window.padding, 2, pool.padding);
  std::copy_n(window.dilation, 2, pool.dilation);
  if (call.product("image", {pool.height, pool.width}) > INT_MAX)
    call.rangeError("image: positions do not fit an int32");
  const int64_t imageShape[] = {pool.images, pool.channels, pool.height, pool.width};
  const int64_t stopShape[] = {pool.images, pool.channels, pool.outHeight, pool.outWidth};
  const int64_t pixels = call.product("image", {pool.images, pool.channels, pool.height, pool.width});
  const int64_t results = call.product("stops", {pool.images, pool.channels, pool.outHeight, pool.outWidth});

  const DType dtype = call.dtype("dtype");
  const PoolKernel kernel = kernels[static_cast<int>(dtype)];
  if (!kernel) call.unsupported(dtype);
  int64_t length;
  const auto checkHolds = [&](const char* name, int64_t count) {
    // Elements of a result that share memory have no one value.
    if (count > length) call.rangeError(std::string(name) + ": the elements do not fit its buffer");
  };
  pool.image = call.strided(image, imageName, dtype, 4, imageShape, pool.imageStrides, &length);
  if (image > stops) checkHolds(imageName, pixels);
  call.sameDType(stopsName, dtype, call.dtype("dtype"));
  pool.stops = call.strided(stops, stopsName, dtype, 4, stopShape, pool.stopStrides, &length);
  if (image < stops) checkHolds(stopsName, results);
  call.sameDType("index", DType::Int32, call.dtype("dtype"));
  pool.index = reinterpret_cast<int32_t*>(
      call.strided(index, "index", DType::Int32, 4, stopShape, pool.indexStrides, &length));
  if (image < stops) checkHolds("index", results);
  if (pixels == 0 || (image < stops && results == 0)) return;

  pool.imagesInnermost = pool.images > 1 && areInnermost(pool.imageStrides, imageShape) &&
                         areInnermost(pool.stopStrides, stopShape) &&
                         areInnermost(pool.indexStrides, stopShape);
  const int64_t groups =
      pool.imagesInnermost ? (pool.images + Pool::kImages - 1) / Pool::kImages : pool.images;
  const int64_t units = groups * pool.channels;
  const int64_t work = std::max(pixels, results * std::min<int64_t>(window.area(), 64)) / units;
  parallelFor(units, std::max<int64_t>(1, kGrain / std::max<int64_t>(1, work)),
              [&](int64_t begin, int64_t end) { kernel(pool, begin, end); });
}

}  // namespace

/// Buffers: x, out, index.
void maxPool2d(Call& call) {
  call.setOp("maxPool2d");
  run(call, "x", 0, "out", 1, 2, kernels.maxPool2d);
}

/// Buffers: grad, index, out.
void maxPool2dGrad(Call& call) {
  call.setOp("maxPool2dGrad");
  run(call, "out", 2, "grad", 0, 1, kernels.maxPool2dGrad);
}

}  // namespace mgp
