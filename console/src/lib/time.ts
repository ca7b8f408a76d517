/** Times and amounts as people read them. Seconds are of the episode, from its first picture. */

/** `0:08.4`, `12:03.0`, `1:02:03.4`. */
export function clock(seconds: number, digits = 1): string {
  const scale = 10 ** digits;
  const whole = Math.round(Math.max(0, seconds) * scale);
  const rest = whole / scale;
  const hours = Math.floor(rest / 3600);
  const minutes = Math.floor((rest % 3600) / 60);
  const left = (rest - hours * 3600 - minutes * 60).toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${left}` : `${minutes}:${left}`;
}

/** `8.4 s`, `12:03` from two minutes on. */
export function amount(seconds: number): string {
  return Math.abs(seconds) < 120 ? `${seconds.toFixed(1)} s` : clock(seconds, 0);
}

/** `+8.4 s`, `−1.8 s`, `±0 s`. */
export function signed(seconds: number): string {
  if (Math.abs(seconds) < 0.05) return "±0 s";
  return `${seconds > 0 ? "+" : "−"}${amount(Math.abs(seconds))}`;
}

export const percent = (fraction: number, digits = 0): string => `${(100 * fraction).toFixed(digits)} %`;

/** `just now`, `4 min ago`, else the date and time. */
export function ago(iso: string, now = Date.now()): string {
  const seconds = (now - Date.parse(iso)) / 1000;
  if (seconds < 45) return "just now";
  if (seconds < 3600) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h ago`;
  return new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

const whole = new Intl.NumberFormat("en");

/** `1 person`, `3 people`. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${whole.format(count)} ${count === 1 ? one : many}`;

/** A fraction as CSS has it. */
export const share = (fraction: number): string => `${Math.min(100, Math.max(0, 100 * fraction)).toFixed(2)}%`;
