// Numbers as people read them.

/** `12,345`. */
export const formatCount = (value: number): string =>
  String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');

/** `0.0123`, or as many digits as a smaller number takes to be told from 0. */
export const formatLoss = (loss: number): string =>
  Math.abs(loss) >= 0.001 || loss === 0 ? loss.toFixed(4) : loss.toPrecision(2);

/** `9.3 s`. */
export const formatSeconds = (seconds: number): string =>
  `${seconds < 100 ? seconds.toFixed(1) : formatCount(seconds)} s`;

/** `9 s`, `2 min 05 s`, `1 h 03 min`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number): string => String(value).padStart(2, '0');
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${two(whole % 60)} s`
    : `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}

/** `1 epoch`, `10 epochs`. */
export const plural = (count: number, noun: string): string =>
  `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
