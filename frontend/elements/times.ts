// Times as the reader's own language and zone write them.
import type { Millis } from "../pure/wire.ts";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const thisYear = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const anyYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "medium" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

const midnight = (time: Millis): number => new Date(time).setHours(0, 0, 0, 0);

export const clockTime = (time: Millis): string => clock.format(time);
export const exactTime = (time: Millis): string => exact.format(time);

/** Today, Yesterday, or the date. */
export function dayName(time: Millis, now: Millis = Date.now()): string {
  const days = Math.round((midnight(time) - midnight(now)) / 86_400_000);
  if (days === 0 || days === -1) {
    const name = relative.format(days, "day");
    return name.charAt(0).toLocaleUpperCase() + name.slice(1);
  }
  return (new Date(time).getFullYear() === new Date(now).getFullYear() ? thisYear : anyYear).format(time);
}
