import type { Place } from '../../trace.js';

/** Throws that something cannot be exported: where in the model, in which module and operation, and why. */
export function fail(place: Place, op: string, message: string): never {
  const path = place.path === '' ? 'the model' : place.path;
  const what = place.name === '' ? op : `${place.name}, ${op}`;
  throw new Error(`[onnx] ${path} (${what}): ${message}`);
}
