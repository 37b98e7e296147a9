/** Alice and bob with the keys of the vectors, each with a worker's box of their own. */
import { readFileSync } from "node:fs";
import { fromBase64, uuid7 } from "../pure/bytes.ts";
import type { WireChain, WireMessage, WireRoster, WireSealed } from "../pure/wire.ts";
import { Box } from "../worker/box.ts";
import type { Opened, Sealed } from "../worker/protocol.ts";
import { restorePair } from "../worker/rsa.ts";
import { MemoryStore } from "./memory-store.ts";

export type Name = "alice" | "bob";

interface VectorKeys {
  readonly user: string;
  readonly key_set: string;
  readonly device: string;
  readonly encrypt_pkcs8: string;
  readonly sign_pkcs8: string;
}

export interface Vectors {
  readonly origin: string;
  readonly conversation: string;
  readonly keys: Readonly<Record<Name, VectorKeys>>;
  readonly roster: WireRoster;
  readonly sender: Name;
  /** What the server asks of bob's keys; the secret is also the challenge to sign. */
  readonly possession: { readonly secret: string; readonly encrypt_challenge: string };
  readonly messages: readonly { readonly seq: number; readonly text: string; readonly draft: WireSealed }[];
}

export const vectorFile = (name: string): URL => new URL(`../../tests/vectors/${name}`, import.meta.url);
export const readVectors = <T>(name: string): T => JSON.parse(readFileSync(vectorFile(name), "utf8")) as T;

export const vectors = readVectors<Vectors>("envelope_python.json");
export const NOW = 1_790_000_000_000;
export const NONE: WireChain = { counter: 0, prev: "0".repeat(64) };

export const userOf = (name: Name): string => vectors.keys[name].user;
export const otherOf = (name: Name): Name => (name === "alice" ? "bob" : "alice");

const pairs = new Map<string, ReturnType<typeof restorePair>>();

function pairOf(purpose: "encrypt" | "sign", pkcs8: string): ReturnType<typeof restorePair> {
  if (!pairs.has(pkcs8)) pairs.set(pkcs8, restorePair(purpose, fromBase64(pkcs8)));
  return pairs.get(pkcs8)!;
}

export interface Person {
  readonly name: Name;
  readonly box: Box;
  readonly store: MemoryStore;
}

/** A member whose browser holds the published keys and nothing else. */
export async function person(name: Name, { origin = vectors.origin, user = userOf(name) } = {}): Promise<Person> {
  const store = new MemoryStore();
  const keys = vectors.keys[name];
  const [{ pkcs8: _e, ...encrypt }, { pkcs8: _s, ...sign }] = await Promise.all([
    pairOf("encrypt", keys.encrypt_pkcs8),
    pairOf("sign", keys.sign_pkcs8),
  ]);
  await store.put("keys", encrypt.id, { keySet: keys.key_set, device: keys.device, encrypt, sign });
  await store.put("meta", "current", encrypt.id);
  return { name, store, box: boxOf(store, { origin, user }) };
}

export const boxOf = (store: MemoryStore, { origin = vectors.origin, user = userOf("alice") } = {}): Box =>
  new Box(store, user, origin, { now: () => NOW, isPersistent: async () => false });

/** The message as the server would show it, at this place. */
export function stored(draft: WireSealed, seq: number, sender: Name, changes: Partial<WireMessage> = {}): WireMessage {
  return {
    id: draft.id,
    conversation: vectors.conversation,
    seq,
    sender: userOf(sender),
    mode: "end_to_end",
    header: draft.header,
    body: draft.body,
    signature: draft.signature,
    wraps: draft.wraps,
    received_ms: NOW,
    text: null,
    damaged: false, erased: false, removed: null,
    ...changes,
  };
}

export function seal(from: Person, text: string, last: WireChain = NONE, roster: WireRoster = vectors.roster): Promise<Sealed> {
  const peer = userOf(otherOf(from.name));
  const message = uuid7(NOW);
  return from.box.run("seal", { conversation: vectors.conversation, message, peer, text, createdMs: NOW, roster, last });
}

/** So many messages of one browser, each linked to the one before. */
export async function talk(from: Person, ...texts: string[]): Promise<WireMessage[]> {
  const messages: WireMessage[] = [];
  let last = NONE;
  for (const text of texts) {
    const { draft, chain } = await seal(from, text, last);
    messages.push(stored(draft, messages.length + 1, from.name));
    last = chain;
  }
  return messages;
}

export const open = (by: Person, messages: readonly WireMessage[], roster: WireRoster = vectors.roster): Promise<readonly Opened[]> =>
  by.box.run("open", { messages, roster });

/** The codes of the doubts about one message, as this person sees it. */
export async function doubts(by: Person, message: WireMessage, roster?: WireRoster): Promise<string[]> {
  const [opened] = await open(by, [message], roster);
  return opened!.problems.map(({ code }) => code);
}
