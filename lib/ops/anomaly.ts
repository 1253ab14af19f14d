import { fileURLToPath } from 'node:url';
import { backend } from '../backend/select.js';
import { isFloat } from '../dtype.js';
import { callSync } from '../grad-mode.js';
import { CODE } from '../place.js';
import { empty, type Tensor } from '../tensor.js';

/** The state of `detectAnomaly`: while it is on, every op and every gradient is looked at for NaN. */
export const anomaly = {
  enabled: false,
  /** Whether a backward rule is running: what goes wrong in it is put down to the op whose rule it is. */
  inRule: false,

  /** Looks at the result of an op, and remembers where in the user's code it was made. */
  inspect(op: string, out: Tensor, parents: readonly Tensor[]): void {
    out.madeAt = callSite();
    if (!anomaly.inRule && hasNaN(out) && !parents.some(hasNaN))
      throw new Error(`[${op}] made NaN from inputs without any${out.madeAt && `, at\n${out.madeAt}`}`);
  },

  /** Runs a backward rule. */
  rule<T>(fn: () => T): T {
    const before = anomaly.inRule;
    anomaly.inRule = true;
    try {
      return fn();
    } finally {
      anomaly.inRule = before;
    }
  },

  /** Looks at a gradient that the backward rule of `node` returned. */
  inspectGradient(node: Tensor, grad: Tensor): void {
    if (hasNaN(grad))
      throw new Error(
        `[backward] the gradient rule of ${node.op} returned NaN` +
          (node.madeAt ? `; the op was called at\n${node.madeAt}` : ''),
      );
  },
};

/**
 * Runs `fn` and throws as soon as an op makes a NaN from inputs that have none, or a backward rule returns one; the
 * error names the op and the lines of code that called it. Slow: for looking for the cause, not for training.
 * @throws Error at the first NaN.
 * @see https://pytorch.org/docs/stable/autograd.html#anomaly-detection
 */
export function detectAnomaly<T>(fn: () => T): T {
  const before = anomaly.enabled;
  anomaly.enabled = true;
  try {
    return callSync('detectAnomaly', fn);
  } finally {
    anomaly.enabled = before;
  }
}

function hasNaN(x: Tensor): boolean {
  if (!isFloat(x.dtype) || x.size === 0) return false;
  const dims = x.shape.map((_, dim) => dim);
  // A maximum is NaN exactly when one of its elements is.
  const max = empty([], x.dtype);
  if (dims.length === 0) backend.copy(x, max);
  else backend.reduce('max', x, dims, max);
  return Number.isNaN(max.item());
}

/** The stack of the caller, without the frames of this library. */
function callSite(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 100;
  const frames = (new Error().stack ?? '').split('\n').slice(1);
  Error.stackTraceLimit = limit;
  // With source maps a frame names a path, without them a URL.
  const ours = [CODE.href, fileURLToPath(CODE), 'node:internal'];
  return frames.filter((frame) => !ours.some((place) => frame.includes(place))).join('\n');
}
