/** How numbers are written for people: 3 significant digits, thousands separators, no noise. */

const WHOLE = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** A count: "1,204". */
export const whole = (value: number): string => WHOLE.format(value);

/** A measured value with 3 significant digits: "0.412", "12.3", "1.2e-5", "NaN". */
export function measured(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1e6 || size < 1e-4) return minus(shortExponent(value.toExponential(2)));
  if (size >= 1000) return minus(WHOLE.format(value));
  return minus(value.toPrecision(3));
}

/** A rough number: two digits, "10", "330". */
export const rounded = (value: number): string =>
  value < 10 ? String(Number(value.toPrecision(2))) : WHOLE.format(Number(value.toPrecision(2)));

/** A setting as a person would type it: no padding zeros, e.g. "0.01", "3e-4" below a thousandth. */
export function setting(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e7) return WHOLE.format(value);
  if (size < 1e-3 || size >= 1e7) return shortExponent(trimmed(value).toExponential());
  return String(trimmed(value));
}

/** A momentum needs more digits the nearer it comes to 1: 0.9, 0.995, 0.9995. */
export function momentum(value: number): string {
  if (value <= 0 || value >= 1) return String(value);
  const digits = Math.min(8, Math.max(2, Math.ceil(-Math.log10(1 - value)) + 1));
  return String(Number(value.toFixed(digits)));
}

/** Four significant digits: enough to tell settings apart, few enough to hide what a schedule made of them. */
const trimmed = (value: number): number => Number(value.toPrecision(4));

const shortExponent = (text: string): string => text.replace(/\.?0+e/, "e").replace("e+", "e");

const minus = (text: string): string => text.replace(/^-/, "−");

export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  if (count < 1e6) return `${(count / 1e3).toPrecision(3)} kB`;
  if (count < 1e9) return `${(count / 1e6).toPrecision(3)} MB`;
  return `${(count / 1e9).toPrecision(3)} GB`;
}

/** A duration: "25 s", "4 min 10 s", "2 h 5 min". */
export function duration(seconds: number): string {
  const total = Math.max(0, Math.round(seconds));
  if (total < 60) return `${total} s`;
  if (total < 3600) return `${Math.floor(total / 60)} min ${total % 60} s`;
  return `${Math.floor(total / 3600)} h ${Math.floor((total % 3600) / 60)} min`;
}

/** A moment seen from now: "just now", "4 min ago", else the date. */
export function ago(iso: string, now: number): string {
  const seconds = (now - Date.parse(iso)) / 1000;
  if (seconds < 45) return "just now";
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 86400) return `${Math.round(seconds / 3600)} h ago`;
  return new Date(iso).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
}

// Made once: a new formatter for each time would cost a millisecond a line of the journal.
const CLOCK = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", hour12: false });

export const clock = (iso: string): string => CLOCK.format(new Date(iso));
