#pragma once

// What the entries (native/*.cc) and the inner loops (native/kernels/*.cc) agree on.
//
// The files of kernels/ are compiled once per instruction set, each time into another namespace. The linker
// keeps only one copy of an inline function with external linkage, and it might be the one built for a CPU
// that is not there: so this header holds plain data and constants only, and the kernels use no inline
// functions but their own.

#include <cstdint>

namespace mgp {

constexpr int kMaxDims = 32;
constexpr int kMaxOperands = 4;

/// In the order of DTYPES in lib/dtype.ts.
enum class DType : int { Bool, UInt8, Int32, Float32, Float64 };
constexpr int kDTypes = 5;

// The enumerations stand in the order of the lists in lib/backend/contract.ts; ops.h has their names.
enum class UnaryOp : int {
  Neg,
  Abs,
  Sign,
  Square,
  Exp,
  Log,
  Sqrt,
  Reciprocal,
  Relu,
  Tanh,
  Sigmoid,
  LogicalNot,
  Erf,
  Gelu,
  GeluTanh,
  Silu,
  Softplus,
  Exp2,
  Expm1,
  Log1p,
  Log2,
  Log10,
  Rsqrt,
  Sin,
  Cos,
  Tan,
  Asin,
  Acos,
  Atan,
  Sinh,
  Cosh,
  Asinh,
  Acosh,
  Atanh,
  Floor,
  Ceil,
  Round,
  Trunc,
  Erfc,
  Erfcx,
  Erfinv,
  Ndtri,
  Lgamma,
  Digamma,
  I0e,
  I1e,
  BitwiseNot,
};
constexpr int kUnaryOps = 47;

enum class BinaryOp : int {
  Add,
  Sub,
  Mul,
  Div,
  Pow,
  Maximum,
  Minimum,
  ReluGrad,
  SigmoidGrad,
  TanhGrad,
  GeluGrad,
  GeluTanhGrad,
  SiluGrad,
  Fmod,
  Remainder,
  FloorDivide,
  Atan2,
  Hypot,
  Copysign,
  Fmax,
  Fmin,
  BitwiseAnd,
  BitwiseOr,
  BitwiseXor,
  BitwiseLeftShift,
  BitwiseRightShift,
  Gcd,
  Zeta,
};
constexpr int kBinaryOps = 28;

enum class CompareOp : int { Eq, Ne, Lt, Le, Gt, Ge };
constexpr int kCompareOps = 6;

enum class ScanOp : int { Sum, Prod, Max, Min };
constexpr int kScanOps = 4;

enum class ReduceOp : int { Sum, Mean, Max, Min, ArgMax, ArgMin };
constexpr int kReduceOps = 6;

enum class ScatterOp : int { Add, Mul, Max, Min, Set };
constexpr int kScatterOps = 5;

enum class RandomKind : int { Uniform, Normal, Integer };
constexpr int kRandomKinds = 3;

enum class DescentRule : int {
  Adamax,
  NAdam,
  RAdam,
  RMSprop,
  Adagrad,
  Adadelta,
  Lion,
  Rprop,
  ASGD,
  Average,
  Lookahead,
};
constexpr int kDescentRules = 11;

/// A walk over several strided operands in step: nested loops, outermost first.
/// `data` points at the first element of each operand; strides are in bytes.
struct Nest {
  int ndim;
  int64_t shape[kMaxDims];
  int64_t strides[kMaxOperands][kMaxDims];
  char* data[kMaxOperands];
};

/// Runs over the elements [begin, end) of a nest, counted in row-major order. Operand 0 is the result.
using PointwiseKernel = void (*)(const Nest& nest, int64_t begin, int64_t end);

/// A reduction: `reduced` walks the elements of x that make one result, `kept` from one result to the next.
/// Both have one operand, x, with `data` set in `kept` only. Results are contiguous.
struct Reduction {
  Nest kept, reduced;
  char* out;
  double divisor;  // Of sums of floats: the count for a mean, else 1.
};
/// Computes the results [begin, end).
using ReduceKernel = void (*)(const Reduction& reduction, int64_t begin, int64_t end);

/// Rows of a softmax: a nest of two operands, out (contiguous) and x, over all dimensions but the last.
struct SoftmaxRows {
  Nest rows;
  int64_t length;
  int64_t stride;  // Between the elements of a row of x, in bytes.
  bool log;
};
using SoftmaxKernel = void (*)(const SoftmaxRows& softmax, int64_t begin, int64_t end);

/// Rows of logits with a target each; `out` has a loss for each row, or a gradient for each logit.
struct CrossEntropyRows {
  const void* x;
  const int32_t* target;
  const void* grad;
  void* out;
  int64_t classes;
  int32_t ignoreIndex;
  bool ignores;  // Whether there is an index to ignore.
};
/// Returns the first row of [begin, end) whose target is bad, or -1.
using CrossEntropyKernel = int64_t (*)(const CrossEntropyRows& rows, int64_t begin, int64_t end);

/// Max pooling of images: something lies in the images, something at the stops of the window, and the index
/// says, for every stop, which pixel it is about. Strides, in elements, are those of N, C, H and W.
struct Pool {
  /// Images that are worked on together where they lie innermost.
  static constexpr int64_t kImages = 64;

  int64_t images, channels, height, width, outHeight, outWidth;
  int64_t kernel[2], stride[2], padding[2], dilation[2];
  void *image, *stops;
  int32_t* index;
  int64_t imageStrides[4], stopStrides[4], indexStrides[4];
  bool imagesInnermost;  // All three have stride 1 from image to image.
};
/// Works on the units [begin, end): channels of an image, or of kImages images where those lie innermost.
using PoolKernel = void (*)(const Pool& pool, int64_t begin, int64_t end);

/// Batch normalization. The nest walks the elements of one channel, in the order in which operand 0 lies in
/// memory: 0 is the result, 1 is x, 2 is the incoming gradient (of the forward pass: x again).
struct Channels {
  Nest nest;
  int64_t count;     // Elements of a channel.
  int64_t steps[3];  // From channel to channel, in bytes.
  void *mean, *variance;
  const void *weight, *bias;  // Null for ones and zeros.
  void *gradWeight, *gradBias;
  double eps;
  bool training;  // Whether mean and variance are those of x, and written.
};
/// Works on the channels [begin, end).
using BatchNormKernel = void (*)(const Channels& channels, int64_t begin, int64_t end);

/// Layer normalization of rows that lie one after the other.
struct LayerNorm {
  const void *x, *grad;
  const void *weight, *bias;  // Null for ones and zeros.
  void* out;
  void *mean, *inverse;  // Of each row: its mean and 1 / √(variance + eps).
  int64_t length;
  double eps;
};
/// Works on the rows [begin, end).
using LayerNormKernel = void (*)(const LayerNorm& norm, int64_t begin, int64_t end);
/// The same; adds to the gradients of weight and bias, which lie one after the other in `sums`.
using LayerNormGradKernel = void (*)(const LayerNorm& norm, int64_t begin, int64_t end, void* sums);

/// Scores of some queries (rows) against some keys (columns), row after row.
template <class T>
struct AttentionTile {
  T* scores;
  int64_t queries, keys;
  int64_t firstQuery, firstKey;
  T scale;
  const T* mask;  // What is added to the scaled scores; null for nothing.
  int64_t maskRow, maskColumn;
  bool causal;  // Whether no query sees later keys.
};

template <class T>
struct AttentionKernels {
  /// Turns scores into powers, relative to the largest so far. `most` and `sum` have a number for each query;
  /// rows of `out` are what has been added up before.
  void (*addTile)(const AttentionTile<T>& tile, T* most, T* sum, T* out, int64_t outRow, int64_t width);
  /// Divides rows of `out` by the sums, and writes logarithms of the sums of powers.
  void (*finish)(int64_t queries, const T* most, const T* sum, T* out, int64_t outRow, int64_t width,
                 T* logSum);
  /// Turns scores into probabilities.
  void (*probabilities)(const AttentionTile<T>& tile, const T* logSum);
  /// Turns the gradients of probabilities, which are the tile, into those of scores, for sums over rows of
  /// both.
  void (*scoreGradients)(const AttentionTile<T>& tile, const T* sums, T* grads);
  /// The dot products of rows.
  void (*rowDots)(int64_t rows, int64_t width, const T* a, int64_t aRow, const T* b, int64_t bRow, T* out);
};

/// A walk of three operands, one of which moves along a dimension by an index: operand 1 is the int32 index.
/// For gather, operand 0 is out and 2 is x; for scatter, 0 is out and 2 is src. The indexed operand stands
/// still along that dimension in the nest.
struct Indexed {
  Nest nest;
  int64_t size;    // Indices are below this.
  int64_t stride;  // Bytes from one index to the next in the indexed operand.
};
/// Returns the position of the first bad index in [begin, end), or -1.
using IndexKernel = int64_t (*)(const Indexed& indexed, int64_t begin, int64_t end);

struct Random {
  uint32_t key[2];
  uint64_t counter;
  double a, b;
  void* out;
  int64_t count;
};
/// Writes the numbers of the counter blocks [begin, end), counted from `counter`.
using RandomKernel = void (*)(const Random& random, int64_t begin, int64_t end);

struct Adam {
  void *param, *m, *v, *most;  // `most` is null without AMSGrad.
  const void* grad;
  double beta1, beta2, eps, sign;
  double weightDecay;  // Into the gradient.
  double shrink;       // Of the parameter itself.
  double stepSize;     // lr / (1 - beta1^step)
  double rootScale;    // 1 / √(1 - beta2^step)
};
using AdamKernel = void (*)(const Adam& adam, int64_t begin, int64_t end);

/// At most so many a rule takes: MAX_COEFFICIENTS and MAX_STATES of lib/backend/native.ts.
constexpr int kCoefficients = 7;
constexpr int kStates = 3;

struct Descent {
  void *param, *states[kStates];
  const void* grad;
  double sign, weightDecay, shrink;
  double coefficients[kCoefficients];
};
using DescentKernel = void (*)(const Descent& descent, int64_t begin, int64_t end);

struct Sgd {
  void *param, *buffer;  // The buffer is null without momentum.
  const void* grad;
  double lr, momentum, dampening, weightDecay, sign;
  bool nesterov, first;
};
using SgdKernel = void (*)(const Sgd& sgd, int64_t begin, int64_t end);

/// What meets along one dimension: an element of a window, and where what it sees lies. In elements.
struct Meeting {
  int64_t tap, source;
};

/// A convolution of one group, or its gradient for the input, of images that lie innermost, neighbours in
/// every pixel. out[m][y][x] = bias[m] + Σ weight[m][k][tap] · in[k][source], over k and over all pairs of
/// meetings of y and of x, whose taps and sources add up.
template <class T>
struct Correlation {
  int64_t images, results, depth;  // How many n, m and k there are.
  int64_t area;                    // Elements of a window.
  int64_t width;                   // How many x there are.
  // Those of y are rows[rowStarts[y]] to rows[rowStarts[y + 1] - 1], and so are those of x.
  const Meeting *rows, *columns;
  const int64_t *rowStarts, *columnStarts;
  const T* weight;  // Packed.
  const T* bias;    // Null for zeros.
  bool relu;        // Whether what is negative becomes 0,
  const T* gate;    // and whether (null if not) what is where this, laid out as out, is not positive.
  const T* in;
  T* out;
  int64_t inStep;       // From k to k.
  int64_t outSteps[3];  // From m to m, y to y, x to x.
};

/// The gradient of a convolution for the weight of one group, for images that lie innermost:
/// out[m][c][ky][kx] += Σ grad[m][y][x] · x[c][rows[ky][y] + columns[kx][x]].
template <class T>
struct Products {
  /// Where an element of the window sees the padding.
  static constexpr int64_t kPadding = INT64_MIN;

  int64_t images, filters, channels;
  int64_t kernel[2];
  int64_t height, width;  // Of the gradient.
  const int64_t *rows, *columns;
  const T *grad, *x;
  const T* zeros;        // As many as there are images.
  int64_t gradSteps[3];  // From m to m, y to y, x to x.
  int64_t xStep;         // From channel to channel.
  T* out;
};

/// A 3×3 convolution of one group with stride 1, or its gradient for the input, of images that lie innermost,
/// with 16 multiplications for four results of a window instead of 36: F(2×2, 3×3) of Lavin and Gray 2016
/// (after Winograd). The results lie in tiles of 2×2, each of which sees 4×4 pixels.
template <class T>
struct Winograd {
  static constexpr int64_t kPoints = 16;              // Products for a tile, channel and filter.
  static constexpr int64_t kLanes = 128 / sizeof(T);  // Images that are worked on together, at most.
  static constexpr int64_t kResults = 8;              // Results that are worked on together, at most.

  int64_t images, results, depth;
  int64_t inSize[2], outSize[2], padding[2];
  int64_t tiles;    // Tiles that are worked on together.
  const T* weight;  // Transformed.
  const T* bias;    // These as for Correlation.
  bool relu;
  const T* gate;
  const T* in;
  T* out;
  int64_t inSteps[3], outSteps[3];
  T* scratch;  // kPoints · kLanes · tiles · (depth + kResults) elements.
};

template <class T>
struct ImageKernels {
  /// Images that these kernels need at least.
  int64_t least;
  /// Row y of the result, for the images [begin, end), at least `least` of them.
  void (*correlate)(const Correlation<T>& correlation, int64_t y, int64_t begin, int64_t end);
  /// Brings weights, whose m and k lie so far apart, into the order in which `correlate` reads them.
  void (*pack)(const T* weight, int64_t results, int64_t depth, int64_t area, int64_t resultStep,
               int64_t depthStep, T* packed);
  /// Row `row` of tiles. Whether the results are finite: sums of pixels may not be where the pixels are.
  bool (*winograd)(const Winograd<T>& winograd, int64_t row);
  /// Transforms weights 3×3, whose m and k lie so far apart, for `winograd`: 16 / 9 as many. Turned by 180°
  /// if so.
  void (*transformWeights)(const T* weight, int64_t results, int64_t depth, int64_t resultStep,
                           int64_t depthStep, bool turned, T* out);
  /// The weights come in tiles: how many there are, and the sums of the tiles [begin, end).
  int64_t (*tiles)(const Products<T>& products);
  void (*multiply)(const Products<T>& products, int64_t begin, int64_t end);
  /// out[column][row] = in[row][column], rows lying so far apart.
  void (*transpose)(const T* in, int64_t inStep, int64_t rows, int64_t columns, T* out, int64_t outStep);
};

/// Weighted sums of neighbours: x (A, size, inner) into out (A, count, inner).
struct WeightedRuns {
  const void* x;
  void* out;
  const void* weights;
  const int32_t* runs;  // For each of count: where it starts, how many there are, where its weights start.
  int64_t size, count, inner;
};
/// The rows [begin, end) of out, of which there are A · count.
using RunsKernel = void (*)(const WeightedRuns& runs, int64_t begin, int64_t end);

/// Every inner loop, for one instruction set. A null pointer stands where an op does not take a dtype.
struct Kernels {
  const char* isa;
  PointwiseKernel unary[kUnaryOps][kDTypes];
  PointwiseKernel binary[kBinaryOps][kDTypes];
  PointwiseKernel compare[kCompareOps][kDTypes];
  PointwiseKernel where[kDTypes];
  PointwiseKernel copy[kDTypes][kDTypes];  // [from][to]
  ReduceKernel reduce[kReduceOps][kDTypes];
  SoftmaxKernel softmax[kDTypes];
  CrossEntropyKernel crossEntropy[kDTypes];
  CrossEntropyKernel crossEntropyGrad[kDTypes];
  PoolKernel maxPool2d[kDTypes];
  PoolKernel maxPool2dGrad[kDTypes];
  RunsKernel weightedRuns[kDTypes];
  BatchNormKernel batchNorm[kDTypes];
  BatchNormKernel batchNormGrad[kDTypes];
  LayerNormKernel layerNorm[kDTypes];
  LayerNormGradKernel layerNormGrad[kDTypes];
  IndexKernel gather[kDTypes];
  IndexKernel scatter[kScatterOps][kDTypes];
  /// Operand 0, int32, becomes (or, when it adds, grows by) stride times operand 1, whose negatives count
  /// from the end.
  int64_t (*indexOffsets)(const Indexed& indexed, bool adds, int64_t begin, int64_t end);
  RandomKernel random[kRandomKinds][kDTypes];
  AdamKernel adam[kDTypes];
  DescentKernel descend[kDescentRules][kDTypes];
  SgdKernel sgd[kDTypes];
  AttentionKernels<float> attentionFloat;
  AttentionKernels<double> attentionDouble;
  ImageKernels<float> imagesFloat;
  ImageKernels<double> imagesDouble;
};

/// The kernels for this CPU, chosen when the addon is loaded. Defined in dispatch.cc.
extern const Kernels& kernels;

}  // namespace mgp
