import pc from 'picocolors';

/** Colours where a person sees them: on a terminal, unless NO_COLOR says no; with FORCE_COLOR everywhere. */
export function colorsFor(stream: NodeJS.WriteStream): ReturnType<typeof pc.createColors> {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  return pc.createColors(!NO_COLOR && (!!FORCE_COLOR || (stream.isTTY && TERM !== 'dumb')));
}

const NUMBER = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** `12,345`. */
export const formatCount = (value: number): string => NUMBER.format(value);

/** `1 epoch`, `10 epochs`. */
export const plural = (count: number, noun: string): string =>
  `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;

/** `97.85%`. */
export const formatPercent = (share: number): string => `${(100 * share).toFixed(2)}%`;

/** `0.0123`, or as many digits as a smaller number takes to be told from 0. */
export const formatLoss = (loss: number): string =>
  loss >= 0.001 || loss === 0 ? loss.toFixed(4) : loss.toPrecision(2);

/** `231 MB`. */
export const formatBytes = (bytes: number): string => `${formatCount(bytes / 1e6)} MB`;

/** `9.3 s`. */
export const formatSeconds = (seconds: number): string =>
  `${seconds < 100 ? seconds.toFixed(1) : formatCount(seconds)} s`;

/** `9 s`, `2 min 05 s`, `1 h 03 min`: for a person who waits. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number): string => String(value).padStart(2, '0');
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${two(whole % 60)} s`
    : `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

/** Prints warnings of Node and of the library as this program's own, without a process id in front. */
export function showWarnings(): void {
  process.removeAllListeners('warning');
  const { yellow } = colorsFor(process.stderr);
  process.on('warning', ({ name, message }) => {
    const kind = name === 'MgpBackendWarning' || name === 'Warning' ? '' : `${name}: `;
    process.stderr.write(`${yellow('mgp: warning:')} ${kind}${message}\n`);
  });
}
