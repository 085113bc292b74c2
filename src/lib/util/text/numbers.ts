const MILLION = 10n ** 6n;
const BILLION = 10n ** 9n;
/** Few readers know the names of larger numbers, so powers of ten begin here. */
const TRILLION = 10n ** 12n;

/** Formats `251,038`. */
export function formatInteger(value: bigint): string {
  return value.toLocaleString('en-US');
}

/** Formats `9.2 × 10^18`, `9.2 billion` or `9.2 million`, rounded down; exact below a million. */
export function formatScaled(value: bigint): string {
  if (value < MILLION) return formatInteger(value);
  if (value < BILLION) return `${oneDecimal(value, MILLION)} million`;
  if (value < TRILLION) return `${oneDecimal(value, BILLION)} billion`;
  const exponent = value.toString().length - 1;
  return `${oneDecimal(value, 10n ** BigInt(exponent))} × 10^${exponent}`;
}

/** Divides to one decimal, rounded down. */
function oneDecimal(value: bigint, unit: bigint): string {
  const tenths = (value * 10n) / unit;
  return `${tenths / 10n}.${tenths % 10n}`;
}

/** Formats `12.3 %`. */
export function formatPercent(share: number): string {
  // Rounded down, so that 99.99 % is not shown as all.
  return `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;
}

/** Formats `48 kB`, in decimal units, as disk sizes are given. */
export function formatBytes(size: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const unit = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(size, 1)) / 3)));
  const value = size / 1000 ** unit;
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** Formats the two largest units: `3 s`, `2 min 5 s`, `4 h 0 min`, `12 d 3 h`. */
export function formatDuration(seconds: number): string {
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

/** Formats integers per second: `12.3`, `1,234`, `9.2 million`. */
export function formatRate(perSecond: number): string {
  return perSecond < 100 ? perSecond.toFixed(1) : formatScaled(BigInt(Math.round(perSecond)));
}
