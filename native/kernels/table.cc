// Collects the kernels of one instruction set.

#include "common.h"

#define MGP_STRING(x) MGP_STRING_(x)
#define MGP_STRING_(x) #x

namespace mgp::MGP_ISA {

void fillPointwise(Kernels& table);
void fillElementary(Kernels& table);
void fillReduce(Kernels& table);
void fillSoftmax(Kernels& table);
void fillPool(Kernels& table);
void fillBatchNorm(Kernels& table);
void fillLayerNorm(Kernels& table);
void fillRuns(Kernels& table);
void fillAttention(Kernels& table);
void fillIndex(Kernels& table);
void fillRandom(Kernels& table);
void fillOptimizer(Kernels& table);
void fillImages(Kernels& table);
void fillWinograd(Kernels& table);

void fill(Kernels& table) {
  table.isa = MGP_STRING(MGP_ISA);
  fillPointwise(table);
  fillElementary(table);
  fillReduce(table);
  fillSoftmax(table);
  fillPool(table);
  fillBatchNorm(table);
  fillLayerNorm(table);
  fillRuns(table);
  fillAttention(table);
  fillIndex(table);
  fillRandom(table);
  fillOptimizer(table);
  fillImages(table);
  fillWinograd(table);
}

}  // namespace mgp::MGP_ISA
