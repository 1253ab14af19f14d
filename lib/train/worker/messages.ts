import { describe } from '../../errors.js';
import type { FitEvent } from '../events.js';
import type { SharedLayout } from './shared-weights.js';

/** What the thread of a training is started with. */
export interface JobData {
  readonly url: string;
  readonly data: unknown;
  readonly threads: number;
  readonly backend: 'native' | 'reference';
  /** Whether all steps are told. */
  readonly allSteps: boolean;
}

/** What the thread is told: to stop at the end of the step. */
export type JobRequest = 'abort';

/** An error on its way between threads: structured cloning loses names and properties. */
interface PackedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: unknown;
  readonly cause: PackedError | undefined;
}

/** What the thread tells. */
export type JobMessage =
  | { readonly type: 'weights'; readonly layout: SharedLayout }
  | { readonly type: 'events'; readonly events: readonly FitEvent[] }
  | { readonly type: 'result'; readonly result: unknown }
  | { readonly type: 'error'; readonly error: PackedError };

/** Causes that are kept; a chain may end in itself. */
const CAUSES = 10;

export function packError(error: unknown, causes = CAUSES): PackedError {
  // Node brings errors of another thread that are no instances of Error here.
  const { name, message, stack, code, cause } = Object(error) as Partial<PackedError>;
  return {
    name: typeof name === 'string' ? name : 'Error',
    message: typeof message === 'string' ? message : textOf(error),
    stack: typeof stack === 'string' ? stack : undefined,
    code: typeof code === 'string' || typeof code === 'number' ? code : undefined,
    cause: cause === undefined || causes === 0 ? undefined : packError(cause, causes - 1),
  };
}

/** What was thrown, if it is no error: most values have a text, objects without a prototype have none. */
function textOf(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return describe(thrown);
  }
}

/** The error again, with the stack of the thread that it comes from. */
export function unpackError({ name, message, stack, code, cause }: PackedError): Error {
  const error = new Error(message, cause === undefined ? undefined : { cause: unpackError(cause) });
  return Object.assign(error, { name, stack: stack ?? error.stack }, code === undefined ? {} : { code });
}
