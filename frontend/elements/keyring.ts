// One crypto worker per tab, and one truth about keys for all tabs: who changes them tells the others.
import workerFile from "../worker/crypto.worker.ts?worker&url";
import { api, ApiProblem, type WireOwnKeys } from "./api.ts";
import { CryptoClient, type Status } from "./crypto-client.ts";
import { workerURL } from "./trusted.ts";

/**
 * `ready`: this browser holds the published keys. `none`: the member has no keys anywhere. `elsewhere`: published,
 * but not in this browser. `replaced`: this browser holds keys that newer ones replaced.
 */
export type KeyState = "ready" | "none" | "elsewhere" | "replaced";

export interface Keyring {
  readonly box: CryptoClient;
  readonly status: Status;
  readonly published: WireOwnKeys | null;
  readonly state: KeyState;
}

const channel = new BroadcastChannel("beyou keys");
let box: CryptoClient | undefined;
let opening: Promise<Keyring> | undefined;

export const memberId = (): string => document.documentElement.dataset["member"] ?? "";

function stateOf(status: Status, published: WireOwnKeys | null): KeyState {
  if (!published) return "none";
  if (!status.hasKeys) return "elsewhere";
  return status.keySet === published.key_set && status.sigKeyId === published.sign.key_id ? "ready" : "replaced";
}

/** The member's published keys, or null without any. */
async function publishedKeys(): Promise<WireOwnKeys | null> {
  try {
    return await api<WireOwnKeys>("GET", "/keys/mine");
  } catch (error) {
    if (error instanceof ApiProblem && error.code === "no_keys") return null;
    throw error;
  }
}

async function open(): Promise<Keyring> {
  box ??= new CryptoClient(new Worker(workerURL(workerFile), { type: "module" }));
  const [status, published] = await Promise.all([
    box.start(memberId(), document.documentElement.dataset["origin"] ?? location.origin),
    publishedKeys(),
  ]);
  return { box, status, published, state: stateOf(status, published) };
}

/** The worker, started, and how keys stand. Asked for once per page; rejects with `CryptoError` or `ApiProblem`. */
export function keyring(): Promise<Keyring> {
  opening ??= open();
  opening.catch(() => (opening = undefined));
  return opening;
}

/** Looks at keys again and tells every part of this page: a `by:keys` event on the body. */
export async function refreshKeyring(): Promise<Keyring> {
  opening = open();
  const now = await keyring();
  document.body.dispatchEvent(new CustomEvent("by:keys", { detail: now }));
  return now;
}

/** After a change of keys: this tab and all others look again. */
export function keysChanged(): Promise<Keyring> {
  channel.postMessage("changed");
  return refreshKeyring();
}

channel.addEventListener("message", () => void refreshKeyring().catch(() => undefined));

/** Only one tab at a time makes, restores or replaces keys. */
export function alone<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks.request(`beyou keys ${memberId()}`, work) as Promise<T>;
}
