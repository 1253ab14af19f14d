#pragma once

// The bodies of the exported functions, by file. Their arguments are described where they are read.

#include "args.h"

namespace mgp {

// pointwise.cc
void unary(Call& call);
void binary(Call& call);
void compare(Call& call);
void where(Call& call);
void copy(Call& call);
void fill(Call& call);

// reduce.cc
void reduce(Call& call);

// gemm.cc
void matmul(Call& call);

// im2col.cc
void im2col(Call& call);
void col2im(Call& call);

// conv.cc
void conv2d(Call& call);
void conv2dInput(Call& call);
void conv2dWeight(Call& call);

// rows.cc
void scan(Call& call);
void sort(Call& call);

// softmax.cc
void softmax(Call& call);
void crossEntropy(Call& call);
void crossEntropyGrad(Call& call);

// pool.cc
void maxPool2d(Call& call);
void maxPool2dGrad(Call& call);

// runs.cc
void weightedRuns(Call& call);

// batchnorm.cc
void batchNorm(Call& call);
void batchNormGrad(Call& call);

// layernorm.cc
void layerNorm(Call& call);
void layerNormGrad(Call& call);

// attention.cc
void attention(Call& call);
void attentionGrad(Call& call);

// index.cc
void gather(Call& call);
void scatter(Call& call);
void indexOffsets(Call& call);

// random.cc
void random(Call& call);

// optimizer.cc
void adam(Call& call);
void descend(Call& call);
void sgd(Call& call);

// lapack.cc
void cholesky(Call& call);
void lu(Call& call);
void luSolve(Call& call);
void triangularSolve(Call& call);
void householder(Call& call);
void householderProduct(Call& call);
void svd(Call& call);
void eigh(Call& call);

/// An exported function.
struct Entry {
  const char* name;
  napi_callback callback;
  void (*body)(Call&);
};

/// All of them; a recorded step (replay.h) knows them by their positions.
uint32_t entryCount();
const Entry& entryAt(uint32_t index);

}  // namespace mgp
