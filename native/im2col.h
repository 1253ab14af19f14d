#pragma once

#include <cstdint>

#include "args.h"

namespace mgp {

/// A window sliding over images: sizes as they come from JavaScript, checked so that products fit.
struct Window {
  int64_t height, width;  // Of an image.
  int64_t kernel[2], stride[2], padding[2], dilation[2];
  int64_t outHeight, outWidth;  // How often the window stops.

  int64_t area() const { return kernel[0] * kernel[1]; }
  int64_t stops() const { return outHeight * outWidth; }
};

/// Reads H, W, OH, OW, kernel, stride, padding and dilation; OH and OW must be what follows from the others.
/// With `mayOverhang`, the last window may reach past the padding: one stop more in either dimension is fine.
Window readWindow(Call& call, bool mayOverhang = false);

/// One image (channels, height, width) into a matrix with a row for each element of the window and a column
/// for each stop in the rows [first, last) of stops. Rows of the matrix lie `ld` elements apart.
template <class T>
void imageToColumns(const T* image, int64_t channels, const Window& window, int64_t first, int64_t last,
                    T* columns, int64_t ld);

/// The reverse: adds the elements of the matrix to where they were read in the image.
template <class T>
void addColumnsToImage(const T* columns, int64_t ld, int64_t channels, const Window& window, int64_t first,
                       int64_t last, T* image);

}  // namespace mgp
