import pc from 'picocolors';
import { formatCount } from '../format.js';

export { formatCount, formatDuration, formatLoss, formatSeconds, plural } from '../format.js';

/** Colours where a person sees them: on a terminal, unless NO_COLOR says no; with FORCE_COLOR everywhere. */
export function colorsFor(stream: NodeJS.WriteStream): ReturnType<typeof pc.createColors> {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  return pc.createColors(!NO_COLOR && (!!FORCE_COLOR || (stream.isTTY && TERM !== 'dumb')));
}

/** `97.85%`. */
export const formatPercent = (share: number): string => `${(100 * share).toFixed(2)}%`;

/** `231 MB`. */
export const formatBytes = (bytes: number): string => `${formatCount(bytes / 1e6)} MB`;

/** Prints warnings of Node and of the library as this program's own, without a process id in front. */
export function showWarnings(): void {
  process.removeAllListeners('warning');
  const { yellow } = colorsFor(process.stderr);
  process.on('warning', ({ name, message }) => {
    const kind = name === 'MgpBackendWarning' || name === 'Warning' ? '' : `${name}: `;
    process.stderr.write(`${yellow('mgp: warning:')} ${kind}${message}\n`);
  });
}
