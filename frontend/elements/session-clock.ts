// Knows when the session of this page ends. What is said then is loaded only then: most pages are left long before.
const SOON_MS = 120_000;

/** Afterwards a page of a member warns two minutes before its session ends, and when it has ended. */
export function startSessionClock(): void {
  const { member, sessionLeft } = document.documentElement.dataset;
  if (!member || sessionLeft === undefined) return;
  // In whole minutes, rounded down: the server is asked early rather than late, and knows better.
  const deadline = Date.now() + Number(sessionLeft) * 60_000;
  let isFollowed = false;
  const follow = async (): Promise<void> => {
    if (isFollowed) return;
    isFollowed = true;
    clearInterval(clock);
    try {
      (await import("./session-end.ts")).followSessionEnd();
    } catch {
      // Offline: the next tick or the next closed socket tries again.
      isFollowed = false;
      clock = window.setInterval(tick, 1000);
    }
  };
  const tick = (): void => {
    if (deadline - Date.now() <= SOON_MS) void follow();
  };
  // Not one long timeout: those end at 24.8 days and stand still while a computer sleeps.
  let clock = window.setInterval(tick, 1000);
  document.body.addEventListener("by:session-ended", () => void follow());
}
