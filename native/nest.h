#pragma once

#include "kernels/kernels.h"

namespace mgp {

/// Drops dimensions of size 1 and joins neighbours that all operands walk as one, so that the innermost loop
/// is as long as it can be. Keeps the row-major order of the elements. A nest of one element ends up with one
/// dimension.
void coalesce(Nest& nest, int operands);

/// Brings the dimensions into the order in which operand 0 lies in memory, largest stride first, and then
/// coalesces. Changes the order of the elements, which is all the same to a pointwise kernel.
void sortAndCoalesce(Nest& nest, int operands);

}  // namespace mgp
