import type { ProfileEvent } from './recorder.js';

/** Puts parts that overlap, because they wait at the same time, on lines of their own: on one line they lie within each other. */
function linesOf(parts: ReadonlyMap<readonly string[], ProfileEvent>): Map<ProfileEvent, number> {
  const endOf = ({ start, duration }: ProfileEvent): number => start + duration;
  const lines: ProfileEvent[][] = [];
  const found = new Map<ProfileEvent, number>();
  for (const part of [...parts.values()].sort((a, b) => a.start - b.start || b.duration - a.duration)) {
    const fits = (open: ProfileEvent[]): boolean => {
      while (open.length > 0 && endOf(open[open.length - 1]) <= part.start) open.pop();
      return open.length === 0 || endOf(open[open.length - 1]) >= endOf(part);
    };
    const around = parts.get(part.within);
    let line = around === undefined ? -1 : (found.get(around) ?? 0) - 1;
    if (line < 0 || !fits(lines[line])) line = lines.findIndex(fits);
    if (line < 0) line = lines.push([]) - 1;
    lines[line].push(part);
    found.set(part, line + 1);
  }
  return found;
}

/** Calls as events of the Trace Event Format. */
export function traceEventsOf(
  events: readonly ProfileEvent[],
  parts: ReadonlyMap<readonly string[], ProfileEvent>,
): object[] {
  const lines = linesOf(parts);
  return events.map((event) => {
    const { name, kind, start, duration, bytes, flops, within } = event;
    const part = kind === 'span' ? event : parts.get(within);
    return {
      ...{ name, cat: kind, ph: 'X', ts: 1000 * start, dur: 1000 * duration, pid: process.pid },
      tid: (part && lines.get(part)) ?? 1,
      args: kind === 'span' ? {} : { bytes, flops, within: within.join(' / ') },
    };
  });
}
