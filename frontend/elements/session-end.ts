// Before a session ends the page says so and offers to stay; after it ended, nothing that was typed is lost. The server
// decides: other tabs may have used the session meanwhile, so it is asked before anything is said.
import { resumeSocket } from "./socket.ts";
import { showToast } from "./toast.ts";

interface Left {
  readonly member: string;
  readonly ends_ms: number;
  readonly now_ms: number;
  readonly can_be_longer: boolean;
  readonly csrf: string;
}

const ADDRESS = "/api/v1/session";
const WARN_SECONDS = 120;
const RETRY_MS = 30_000;
/** What is left in seconds when it is read out again: often enough to act, seldom enough to write on. */
const READ_OUT = [60, 30, 10, 0];

const root = document.documentElement;
let deadline = 0;
let isAsking = false;
let isOver = false;
let isHidden = false;
/** The server is asked again when fewer seconds than this are left. */
let nextAsk = WARN_SECONDS;

function dialog(): HTMLDialogElement | null {
  return document.querySelector<HTMLDialogElement>("#session-end");
}

function say(title: string, text: string, offer: "stay" | "again" | "why" | ""): void {
  const box = dialog();
  const [head, body] = [box?.querySelector("[data-title]"), box?.querySelector("[data-text]")];
  if (head) head.textContent = title;
  if (body) body.textContent = text;
  for (const name of ["stay", "again", "why"]) {
    const button = box?.querySelector<HTMLElement>(`[data-${name}]`);
    if (button) button.hidden = name !== offer;
  }
  // Not modal: whoever is typing goes on typing. `show` moves the focus, so it goes back.
  const focused = document.activeElement;
  if (box && !box.open) {
    box.show();
    if (focused instanceof HTMLElement && focused !== document.body) focused.focus({ preventScroll: true });
  }
}

/** Every form on the page carries a token of the session that is signed in now. */
function renewTokens(token: string): void {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]');
  if (meta) meta.content = token;
  for (const field of document.querySelectorAll<HTMLInputElement>("input[name=csrfmiddlewaretoken]")) field.value = token;
}

/** Null when nobody is signed in, or who is suspended; undefined when the server could not be asked. */
async function ask(method: "GET" | "POST"): Promise<Left | "suspended" | null | undefined> {
  const token = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
  const headers: HeadersInit = method === "POST" ? { "X-CSRFToken": token } : {};
  try {
    const answer = await fetch(ADDRESS, { method, headers, credentials: "same-origin", cache: "no-store" });
    if (answer.status === 403 && ((await answer.json()) as { code?: string }).code === "suspended") return "suspended";
    if (answer.status === 401 || answer.status === 403) return null;
    return answer.ok ? ((await answer.json()) as Left) : undefined;
  } catch {
    return undefined;
  }
}

function span(seconds: number): string {
  if (seconds > 90) return "2 minutes";
  return seconds > 45 ? "1 minute" : `${String(Math.max(1, seconds))} seconds`;
}

function warn(left: Left, seconds: number): void {
  nextAsk = READ_OUT.find((mark) => mark < seconds) ?? 0;
  if (isHidden) return;
  const why = left.can_be_longer ? "Nothing was done here for a long time." : "You have been signed in for very long.";
  const title = `You will be signed out in ${span(seconds)}`;
  say(title, `${why} What you have typed stays on this page.`, left.can_be_longer ? "stay" : "again");
}

function over(): void {
  isOver = true;
  say(
    "You are signed out",
    "What you typed is still on this page. Sign in in another tab, come back and go on where you were.",
    "again",
  );
}

function suspended(): void {
  isOver = true;
  say("You are suspended", "What you typed is still on this page. Read why, until when, and object if you like.", "why");
}

function back(left: Left): void {
  if (left.member !== root.dataset["member"]) {
    say("Somebody else is signed in now", "Load this page again to see theirs.", "");
    return;
  }
  isOver = false;
  renewTokens(left.csrf);
  resumeSocket();
  showToast({ level: "success", text: "You are signed in again. Go on where you were." });
}

async function look(method: "GET" | "POST" = "GET"): Promise<void> {
  if (isAsking) return;
  isAsking = true;
  const left = await ask(method);
  isAsking = false;
  // Without the server nothing is known; the next look asks again.
  if (left === undefined) return void (deadline = Math.max(deadline, Date.now() + RETRY_MS));
  if (left === null) return over();
  if (left === "suspended") return suspended();
  if (isOver) back(left);
  if (isOver) return;
  const milliseconds = left.ends_ms - left.now_ms;
  deadline = Date.now() + milliseconds;
  if (milliseconds <= WARN_SECONDS * 1000) return warn(left, Math.ceil(milliseconds / 1000));
  nextAsk = WARN_SECONDS;
  isHidden = false;
  dialog()?.close();
}

function tick(): void {
  if (!isOver && (deadline - Date.now()) / 1000 <= nextAsk) void look();
}

async function stay(): Promise<void> {
  await look("POST");
  if (!isOver && !dialog()?.open) showToast({ level: "success", text: "You stay signed in." });
}

/** Afterwards the page says how long its session still lives, and what to do once it has ended. */
export function followSessionEnd(): void {
  void look();
  setInterval(tick, 1000);
  dialog()?.addEventListener("click", (event) => {
    const target = event.target as Element;
    if (target.closest("[data-stay]")) void stay();
    if (target.closest("[data-hide]")) {
      isHidden = true;
      dialog()?.close();
    }
  });
  document.body.addEventListener("by:session-ended", () => void look());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && isOver) void look();
  });
  addEventListener("focus", () => {
    if (isOver) void look();
  });
}
