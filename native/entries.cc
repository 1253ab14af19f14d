#include "entries.h"

#include <iterator>

namespace mgp {

namespace {

template <void (*kBody)(Call&)>
constexpr Entry named(const char* name) {
  return {name, entry<kBody>, kBody};
}

constexpr Entry kEntries[] = {
    named<unary>("unary"),
    named<binary>("binary"),
    named<compare>("compare"),
    named<where>("where"),
    named<copy>("copy"),
    named<fill>("fill"),
    named<reduce>("reduce"),
    named<matmul>("matmul"),
    named<im2col>("im2col"),
    named<col2im>("col2im"),
    named<conv2d>("conv2d"),
    named<conv2dInput>("conv2dInput"),
    named<conv2dWeight>("conv2dWeight"),
    named<scan>("scan"),
    named<sort>("sort"),
    named<softmax>("softmax"),
    named<crossEntropy>("crossEntropy"),
    named<crossEntropyGrad>("crossEntropyGrad"),
    named<maxPool2d>("maxPool2d"),
    named<maxPool2dGrad>("maxPool2dGrad"),
    named<weightedRuns>("weightedRuns"),
    named<batchNorm>("batchNorm"),
    named<batchNormGrad>("batchNormGrad"),
    named<layerNorm>("layerNorm"),
    named<layerNormGrad>("layerNormGrad"),
    named<attention>("attention"),
    named<attentionGrad>("attentionGrad"),
    named<gather>("gather"),
    named<cholesky>("cholesky"),
    named<lu>("lu"),
    named<luSolve>("luSolve"),
    named<triangularSolve>("triangularSolve"),
    named<householder>("householder"),
    named<householderProduct>("householderProduct"),
    named<svd>("svd"),
    named<eigh>("eigh"),
    named<scatter>("scatter"),
    named<indexOffsets>("indexOffsets"),
    named<random>("random"),
    named<adam>("adam"),
    named<descend>("descend"),
    named<sgd>("sgd"),
};

}  // namespace

uint32_t entryCount() { return std::size(kEntries); }

const Entry& entryAt(uint32_t index) { return kEntries[index]; }

}  // namespace mgp
