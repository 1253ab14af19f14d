#include "nest.h"

#include <cstdlib>
#include <utility>

namespace mgp {

namespace {

/// Whether every operand walks the outer dimension `a` and the next one `b` as if they were one.
bool joins(const Nest& nest, int operands, int a, int b) {
  for (int k = 0; k < operands; k++)
    if (nest.strides[k][a] != nest.strides[k][b] * nest.shape[b]) return false;
  return true;
}

}  // namespace

void coalesce(Nest& nest, int operands) {
  int last = -1;
  for (int i = 0; i < nest.ndim; i++) {
    if (nest.shape[i] == 1) continue;
    if (last >= 0 && joins(nest, operands, last, i)) {
      nest.shape[last] *= nest.shape[i];
      for (int k = 0; k < operands; k++) nest.strides[k][last] = nest.strides[k][i];
      continue;
    }
    last++;
    nest.shape[last] = nest.shape[i];
    for (int k = 0; k < operands; k++) nest.strides[k][last] = nest.strides[k][i];
  }
  if (last < 0) {
    last = 0;
    nest.shape[0] = 1;
    for (int k = 0; k < operands; k++) nest.strides[k][0] = 0;
  }
  nest.ndim = last + 1;
}

void sortAndCoalesce(Nest& nest, int operands) {
  // Insertion sort: nearly always sorted already, and never longer than a few dimensions.
  for (int i = 1; i < nest.ndim; i++)
    for (int j = i; j > 0 && std::llabs(nest.strides[0][j]) > std::llabs(nest.strides[0][j - 1]); j--) {
      std::swap(nest.shape[j], nest.shape[j - 1]);
      for (int k = 0; k < operands; k++) std::swap(nest.strides[k][j], nest.strides[k][j - 1]);
    }
  coalesce(nest, operands);
}

}  // namespace mgp
