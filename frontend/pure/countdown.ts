// How long something is still held, as a person reads it, and when that is said aloud.

/** What is left when it is read out, in seconds: often enough to act, seldom enough to type on. */
export const READ_OUT: readonly number[] = [120, 60, 30, 10, 0];

/** Minutes and seconds, such as 14:32. */
export function clockOf(seconds: number): string {
  const left = Math.max(0, Math.floor(seconds));
  return `${String(Math.floor(left / 60))}:${String(left % 60).padStart(2, "0")}`;
}

/** What a screen reader hears when so many seconds are left. */
export function spoken(seconds: number): string {
  if (seconds <= 0) return "Your things are not held any more.";
  if (seconds >= 120) return "Two minutes left. Pay now, or ask for more time.";
  return seconds === 60 ? "One minute left." : `${String(seconds)} seconds left.`;
}

/** The mark that was passed between two looks, if there was one. A page that slept says only the last. */
export function passed(before: number, now: number): number | undefined {
  return READ_OUT.filter((mark) => mark < before && mark >= now).at(-1);
}
