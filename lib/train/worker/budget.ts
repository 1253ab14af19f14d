import { getNumThreads } from '../../backend/select.js';

// Trainings in worker threads share the threads of the process (`setNumThreads`): each takes some for its kernels and gives
// them back at its end, and those that there are none left for wait in line.

interface Waiting {
  readonly threads: number;
  readonly begin: () => void;
}

const line: Waiting[] = [];
let taken = 0;

/**
 * Takes threads, as soon as those before it in the line have theirs and enough are left.
 * @returns gives them back, once; null where `signal` was aborted meanwhile
 */
export async function takeThreads(threads: number, signal: AbortSignal): Promise<(() => void) | null> {
  if (signal.aborted) return null;
  const begun = await new Promise<boolean>((resolve) => {
    const leave = (): void => {
      line.splice(line.indexOf(waiting), 1);
      resolve(false);
      advance();
    };
    const waiting: Waiting = {
      threads,
      begin: () => {
        signal.removeEventListener('abort', leave);
        resolve(true);
      },
    };
    signal.addEventListener('abort', leave);
    line.push(waiting);
    advance();
  });
  if (!begun) return null;
  let given = false;
  return () => {
    if (given) return;
    given = true;
    taken -= threads;
    advance();
  };
}

function advance(): void {
  for (let [next] = line; next !== undefined; [next] = line) {
    // Who wants more than there is (the budget may have become smaller) runs alone.
    if (taken > 0 && taken + next.threads > getNumThreads()) return;
    taken += next.threads;
    line.shift();
    next.begin();
  }
}
