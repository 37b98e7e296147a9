// The one WebSocket of this tab. Each frame becomes a DOM event `by:<type>` on the body, so that page parts listen
// without knowing the socket. Live delivery is a hint: after `by:reconnected` every listener repairs from the server.

export interface Frame {
  type: string;
  [field: string]: unknown;
}

const PING_MS = 25_000;
const SILENCE_MS = 60_000;
const SLOWEST_MS = 30_000;
// Not signed in, wrong origin and session ended do not get better by trying again.
const TOO_MANY = 4420;
const FINAL_CODES = new Set([4401, 4403, 4409]);

let socket: WebSocket | undefined;
let attempts = 0;
let everOpen = false;
let ended = false;
let lastHeard = 0;
let retryTimer = 0;

function emit(type: string, detail: unknown): void {
  document.body.dispatchEvent(new CustomEvent(`by:${type}`, { detail, bubbles: true }));
}

/** True when the frame was handed to an open socket; false means: keep it and send it after `by:reconnected`. */
export function sendFrame(frame: Frame): boolean {
  if (socket?.readyState !== WebSocket.OPEN) return false;
  socket.send(JSON.stringify(frame));
  return true;
}

/** True while frames can be sent. */
export function isConnected(): boolean {
  return socket?.readyState === WebSocket.OPEN;
}

function heard(event: MessageEvent<unknown>): void {
  lastHeard = Date.now();
  if (typeof event.data !== "string") return;
  const frame = JSON.parse(event.data) as Frame;
  if (typeof frame.type === "string") emit(frame.type, frame);
}

function opened(): void {
  lastHeard = Date.now();
  attempts = 0;
  document.documentElement.dataset["live"] = "on";
  emit(everOpen ? "reconnected" : "connected", {});
  everOpen = true;
}

function closed(event: CloseEvent): void {
  if (event.target !== socket) return;
  document.documentElement.dataset["live"] = "off";
  emit("disconnected", { code: event.code });
  if (FINAL_CODES.has(event.code)) {
    ended = true;
    emit("session-ended", { code: event.code });
    return;
  }
  // Others of this member are newer: this tab is live again when somebody looks at it.
  if (event.code === TOO_MANY) return;
  // Full jitter: after a restart of the server all tabs would otherwise come back in the same instant.
  const limit = Math.min(SLOWEST_MS, 500 * 2 ** attempts);
  attempts += 1;
  clearTimeout(retryTimer);
  retryTimer = window.setTimeout(connect, 200 + Math.random() * limit);
}

function connect(): void {
  if (ended || socket?.readyState === WebSocket.OPEN || socket?.readyState === WebSocket.CONNECTING) return;
  clearTimeout(retryTimer);
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/`);
  socket.addEventListener("open", opened);
  socket.addEventListener("message", heard);
  socket.addEventListener("close", closed);
}

function beat(): void {
  if (socket?.readyState !== WebSocket.OPEN) return;
  // A network that vanished without a word leaves a socket that looks open; silence unmasks it.
  if (Date.now() - lastHeard > SILENCE_MS) socket.close();
  else sendFrame({ type: "ping" });
}

/** Afterwards the tab is live again, once its member has signed in again in another one. */
export function resumeSocket(): void {
  ended = false;
  attempts = 0;
  connect();
}

/** Afterwards the tab is live for as long as it exists; pages of visitors never open a socket. */
export function startSocket(): void {
  if (!document.documentElement.dataset["member"]) return;
  connect();
  setInterval(beat, PING_MS);
  addEventListener("online", () => {
    attempts = 0;
    connect();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") connect();
  });
}
