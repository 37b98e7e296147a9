/**
 * Encrypts what the worker keeps beside the keys: texts, drafts and the outbox. The key never leaves the browser's
 * key store, so the files of a stolen profile alone do not show the messages as plain text.
 */
import { type Bytes, concat } from "../pure/bytes.ts";
import { fromUtf8, random, utf8 } from "../pure/platform.ts";
import type { Store, Table } from "./store.ts";

const IV_LENGTH = 12;

export class Locker {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The sealed JSON of a value; `table` and `key` are bound to it, so that rows cannot be exchanged. */
  async close(table: Table, key: string, value: unknown): Promise<Bytes> {
    const iv = random(IV_LENGTH);
    const algorithm = { name: "AES-GCM", iv, additionalData: place(table, key) };
    const sealed = await crypto.subtle.encrypt(algorithm, await this.#key(), utf8(JSON.stringify(value)));
    return concat(iv, new Uint8Array(sealed));
  }

  /** The value; rejects when the row was altered or moved. */
  async open<T>(table: Table, key: string, sealed: Bytes): Promise<T> {
    const algorithm = { name: "AES-GCM", iv: sealed.slice(0, IV_LENGTH), additionalData: place(table, key) };
    const plain = await crypto.subtle.decrypt(algorithm, await this.#key(), sealed.slice(IV_LENGTH));
    return JSON.parse(fromUtf8(new Uint8Array(plain))) as T;
  }

  async #key(): Promise<CryptoKey> {
    const known = await this.#store.get<CryptoKey>("meta", "locker");
    if (known) return known;
    const fresh = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    // Another tab may have been quicker: the first key stays.
    return this.#store.update<CryptoKey>("meta", "locker", (old) => old ?? fresh);
  }
}

const place = (table: Table, key: string): Bytes => utf8(`${table}\n${key}`);
