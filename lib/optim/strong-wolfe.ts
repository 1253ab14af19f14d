import type { Tensor } from '../tensor.js';

/** What is known at a distance `t` along a direction. */
export interface Point {
  readonly t: number;
  readonly loss: number;
  readonly grad: Tensor;
  /** The derivative along the direction. */
  readonly slope: number;
}

/** How much of the fall that the slope promises there must be, and how much flatter it must get. */
const C1 = 1e-4;
const C2 = 0.9;
const MOST_STEPS = 25;

/**
 * Looks along a direction for a point that meets the strong Wolfe conditions: low enough and flat enough (Nocedal &
 * Wright, chapter 3). As PyTorch's `_strong_wolfe`.
 * @param first the distance to try first
 * @param size of the largest element of the direction
 * @param tolerance how small a change ends the search
 */
export function strongWolfe(
  evaluate: (t: number) => Point,
  origin: Point,
  first: number,
  size: number,
  tolerance: number,
): { point: Point; evals: number } {
  let evals = 1;
  let steps = 0;
  const isTooHigh = (point: Point): boolean => point.loss > origin.loss + C1 * point.t * origin.slope;
  const isFlat = (point: Point): boolean => Math.abs(point.slope) <= -C2 * origin.slope;

  // Go on until there is a point between the last two, or this one will do.
  let last = origin;
  let here = evaluate(first);
  let bracket: [Point, Point] | null = null;
  while (steps < MOST_STEPS) {
    if (isTooHigh(here) || (steps > 1 && here.loss >= last.loss)) {
      bracket = [last, here];
      break;
    }
    if (isFlat(here)) return { point: here, evals };
    if (here.slope >= 0) {
      bracket = [last, here];
      break;
    }
    const t = interpolate(last, here, here.t + 0.01 * (here.t - last.t), here.t * 10);
    last = here;
    here = evaluate(t);
    evals++;
    steps++;
  }
  bracket ??= [origin, here];

  // Narrow it down.
  let low: 0 | 1 = bracket[0].loss <= bracket[1].loss ? 0 : 1;
  let insufficient = false;
  while (steps < MOST_STEPS) {
    const [a, b] = bracket;
    if (Math.abs(b.t - a.t) * size < tolerance) break;
    const [left, right] = [Math.min(a.t, b.t), Math.max(a.t, b.t)];
    let t = interpolate(a, b, left, right);
    // Too near an end, twice or outside: take a tenth from there.
    const margin = 0.1 * (right - left);
    if (Math.min(right - t, t - left) < margin) {
      if (insufficient || t >= right || t <= left) {
        t = Math.abs(t - right) < Math.abs(t - left) ? right - margin : left + margin;
        insufficient = false;
      } else insufficient = true;
    } else insufficient = false;

    const next = evaluate(t);
    evals++;
    steps++;
    const high = low === 0 ? 1 : 0;
    if (isTooHigh(next) || next.loss >= bracket[low].loss) {
      bracket[high] = next;
      low = bracket[0].loss <= bracket[1].loss ? 0 : 1;
      continue;
    }
    const done = isFlat(next);
    if (!done && next.slope * (bracket[high].t - bracket[low].t) >= 0) bracket[high] = bracket[low];
    bracket[low] = next;
    if (done) break;
  }
  return { point: bracket[low], evals };
}

/** Where the cubic through two points, with their slopes, is lowest, between bounds. */
function interpolate(a: Point, b: Point, least: number, most: number): number {
  const d1 = a.slope + b.slope - (3 * (a.loss - b.loss)) / (a.t - b.t);
  const square = d1 ** 2 - a.slope * b.slope;
  if (!(square >= 0)) return (least + most) / 2;
  const d2 = Math.sqrt(square);
  const [from, to] = a.t <= b.t ? [a, b] : [b, a];
  const lowest = to.t - (to.t - from.t) * ((to.slope + d2 - d1) / (to.slope - from.slope + 2 * d2));
  return Math.min(Math.max(lowest, least), most);
}
