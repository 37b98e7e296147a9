/** The texts this browser verified, encrypted, so that a message is unwrapped once and an alteration is noticed. */
import { type Bytes, concat, fromBase64, toHex } from "../pure/bytes.ts";
import { sha256 } from "../pure/platform.ts";
import type { Locker } from "./locker.ts";
import type { Store } from "./store.ts";

interface Row {
  readonly digest: string;
  readonly sealed: Bytes;
}

export type Payload = Readonly<Record<string, unknown>>;

export interface KnownText {
  /** Of the bytes that were verified: see `envelopeDigest`. */
  readonly digest: string;
  readonly json: Payload;
}

/** SHA-256(header ‖ SHA-256(body) ‖ signature) in hex: every byte that was verified. */
export async function envelopeDigest(envelope: { header: string; body: string; signature: string | null }): Promise<string> {
  const [header, body, signature] = [envelope.header, envelope.body, envelope.signature ?? ""].map(fromBase64) as [Bytes, Bytes, Bytes];
  return toHex(await sha256(concat(header, await sha256(body), signature)));
}

export class Texts {
  readonly #store: Store;
  readonly #locker: Locker;

  constructor(store: Store, locker: Locker) {
    this.#store = store;
    this.#locker = locker;
  }

  async get(id: string): Promise<KnownText | null> {
    const row = await this.#store.get<Row>("texts", id);
    if (!row) return null;
    try {
      return { digest: row.digest, json: await this.#locker.open<Payload>("texts", `${id} ${row.digest}`, row.sealed) };
    } catch {
      // A damaged row is no witness; the message is verified anew.
      await this.#store.remove("texts", id);
      return null;
    }
  }

  async forget(id: string): Promise<void> {
    await this.#store.remove("texts", id);
  }

  /** Remembers what was verified first; later bytes under the same id never take its place. */
  async keep(id: string, digest: string, json: Payload): Promise<void> {
    const sealed = await this.#locker.close("texts", `${id} ${digest}`, json);
    await this.#store.update<Row>("texts", id, (old) => old ?? { digest, sealed });
  }
}

export const textOf = (json: Payload): string | null => (typeof json["text"] === "string" ? json["text"] : null);
