/** A small ledger for tests, built the slow and plain way (RFC 6962 by its definition), and what a server says of it. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { type Bytes, concat, fromBase64, fromHex, toBase64, toHex, u16, u32, u64 } from "../pure/bytes.ts";
import { bodyDigest, parseHeader } from "../pure/envelope.ts";
import { commitment, encodeEntry, encodeOpening, erasureOrder, erasureValue, KIND_REMOVAL, leadingZeroBits, NO_REFERENCE, removalOrder, removalValue } from "../pure/ledger.ts";
import type { WireMessage, WirePlace, WireProof, WireProofs, WireRemoval } from "../pure/wire.ts";

const BITS = 4;

const sha = (...parts: Bytes[]): Bytes => new Uint8Array(createHash("sha256").update(concat(...parts)).digest());
const leaf = (entry: Bytes): Bytes => sha(new Uint8Array([0]), entry);
const split = (size: number): number => 2 ** Math.floor(Math.log2(size - 1));

function root(leaves: readonly Bytes[]): Bytes {
  if (leaves.length === 0) return sha();
  if (leaves.length === 1) return leaves[0]!;
  const at = split(leaves.length);
  return sha(new Uint8Array([1]), root(leaves.slice(0, at)), root(leaves.slice(at)));
}

function inclusion(leaves: readonly Bytes[], index: number): Bytes[] {
  if (leaves.length <= 1) return [];
  const at = split(leaves.length);
  return index < at
    ? [...inclusion(leaves.slice(0, at), index), root(leaves.slice(at))]
    : [...inclusion(leaves.slice(at), index - at), root(leaves.slice(0, at))];
}

function consistency(leaves: readonly Bytes[], old: number, whole = true): Bytes[] {
  if (old === leaves.length) return whole ? [] : [root(leaves)];
  const at = split(leaves.length);
  return old <= at
    ? [...consistency(leaves.slice(0, at), old, whole), root(leaves.slice(at))]
    : [...consistency(leaves.slice(at), old - at, false), root(leaves.slice(0, at))];
}

interface Sealed {
  readonly message: WireMessage;
  readonly salt: Bytes;
  readonly entry: Bytes;
  readonly index: number;
  readonly block: number;
}

export class Log {
  readonly name: string;
  readonly #key: KeyObject;
  readonly vkey: string;
  readonly #id: Bytes;
  readonly #entries: Bytes[] = [];
  readonly #sealed: Sealed[] = [];
  readonly #blocks: Bytes[] = [];
  readonly #erasures = new Map<string, { day: number; reason: number; signature: string; index: number | null; entry: Bytes; block: number }>();

  readonly #removals = new Map<string, (Omit<WireRemoval, "seal"> & { at: number | null; bytes: Bytes; block: number })[]>();

  constructor(name = "beyou.example/ledger", key = generateKeyPairSync("ed25519")) {
    this.name = name;
    this.#key = key.privateKey;
    const material = concat(new Uint8Array([1]), new Uint8Array(key.publicKey.export({ type: "spki", format: "der" }).subarray(-32)));
    this.#id = sha(new TextEncoder().encode(`${name}\n`), material).slice(0, 4);
    this.vkey = `${name}+${toHex(this.#id)}+${toBase64(material)}`;
    this.#seal([encodeEntry({ kind: 6, value: sha() })]);
  }

  get size(): number {
    return this.#entries.length;
  }

  /** Seals these messages into one block. */
  async add(...messages: WireMessage[]): Promise<void> {
    const entries = [encodeEntry({ kind: 9, value: sha(this.#blocks.at(-1)!) })];
    for (const message of messages) {
      const salt = sha(new TextEncoder().encode(message.id));
      const entry = encodeEntry({ kind: 1, value: await commitment(salt, await opening(message)) });
      this.#sealed.push({ message, salt, entry, index: this.size + entries.length, block: this.#blocks.length });
      entries.push(entry);
    }
    this.#seal(entries);
  }

  /** Erases this message as an honest server does; `isSealed` is false while the entry that says so waits. */
  async erase(id: string, { day = 20_000, reason = 1, isSealed = true } = {}): Promise<void> {
    const { index } = this.#sealed.find(({ message }) => message.id === id)!;
    const value = await erasureValue(index, day, reason);
    const signature = toHex(new Uint8Array(sign(null, Buffer.from(erasureOrder(this.name, value)), this.#key)));
    const entry = encodeEntry({ kind: 4, value });
    this.#erasures.set(id, { day, reason, signature, index: isSealed ? this.size + 1 : null, entry, block: this.#blocks.length });
    this.#seal([encodeEntry({ kind: 9, value: sha(this.#blocks.at(-1)!) }), ...(isSealed ? [entry] : [])]);
  }

  /** The staff remove this message as an honest server does, or put it back if they did. */
  async remove(id: string, { words = "Harassment", isSealed = true } = {}): Promise<void> {
    const done = this.#removals.get(id) ?? [];
    const { entry } = this.#sealed.find(({ message }) => message.id === id)!;
    const removal = { number: done.length + 1, atMs: 1_790_000_100_000 + done.length, target: entry.slice(8), words };
    const salt = sha(new TextEncoder().encode(`${id} ${removal.number}`));
    const value = await removalValue(salt, removal);
    const signature = toHex(new Uint8Array(sign(null, Buffer.from(removalOrder(this.name, value)), this.#key)));
    const bytes = encodeEntry({ kind: KIND_REMOVAL, value });
    const said = { number: removal.number, at_ms: removal.atMs, target: toHex(removal.target), words, salt: toHex(salt), signature };
    this.#removals.set(id, [...done, { ...said, at: isSealed ? this.size + 1 : null, bytes, block: this.#blocks.length }]);
    this.#seal([encodeEntry({ kind: 9, value: sha(this.#blocks.at(-1)!) }), ...(isSealed ? [bytes] : [])]);
  }

  /** What the entry of this message commits to, as the server shows it of a removed one. */
  async opening(id: string): Promise<string> {
    return toHex(await opening(this.#sealed.find(({ message }) => message.id === id)!.message));
  }

  #seal(entries: readonly Bytes[]): void {
    const first = this.size;
    this.#entries.push(...entries);
    const head = concat(
      new TextEncoder().encode("BYBK"), u16(1), new Uint8Array([1, BITS]), u64(this.#blocks.length), u64(1000),
      this.#blocks.length > 0 ? sha(this.#blocks.at(-1)!) : new Uint8Array(32),
      u64(first), u32(entries.length), root(entries.map(leaf)), u64(this.size), root(this.#entries.map(leaf)),
    );
    let nonce = 0;
    while (leadingZeroBits(sha(head, u64(nonce))) < BITS) nonce++;
    this.#blocks.push(concat(head, u64(nonce)));
  }

  note(size = this.size): string {
    const text = `${this.name}\n${size}\n${toBase64(root(this.#entries.slice(0, size).map(leaf)))}\n`;
    const signature = new Uint8Array(sign(null, Buffer.from(text), this.#key));
    return `${text}\n— ${this.name} ${toBase64(concat(this.#id, signature))}\n`;
  }

  /** What the server answers about all messages, for a reader that trusts this size. */
  proofs(pinned = 0, size = this.size): WireProofs {
    const leaves = this.#entries.slice(0, size).map(leaf);
    return {
      checkpoint: this.note(size),
      vkey: this.vkey,
      consistency: pinned > 0 && pinned < size ? consistency(leaves, pinned).map(toHex) : [],
      items: this.#sealed.filter(({ index }) => index < size).map((each) => this.#proof(each, leaves)),
      pending: [],
    };
  }

  #proof({ message, salt, entry, index, block }: Sealed, leaves: readonly Bytes[]): WireProof {
    const place = (at: number, bytes: Bytes, number: number): WirePlace => ({
      index: at,
      entry: toHex(bytes),
      path: inclusion(leaves, at).map(toHex),
      block: { number, header: toHex(this.#blocks[number]!) },
    });
    const erased = this.#erasures.get(message.id);
    return {
      ...place(index, entry, block),
      seq: message.seq,
      message: message.id,
      salt: erased ? null : toHex(salt),
      kind: 1,
      removals: (this.#removals.get(message.id) ?? []).map(({ at, bytes, block: number, ...said }) => ({
        ...said,
        seal: at === null ? null : place(at, bytes, number),
      })),
      erasure: erased
        ? {
            day: erased.day,
            reason: erased.reason,
            signature: erased.signature,
            seal: erased.index === null ? null : place(erased.index, erased.entry, erased.block),
          }
        : null,
    };
  }
}

async function opening(message: WireMessage): Promise<Bytes> {
  const [header, body] = [fromBase64(message.header), fromBase64(message.body)];
  return encodeOpening({
    mode: message.mode === "standard" ? 1 : 2,
    flags: 0,
    message: message.id,
    conversation: message.conversation,
    sender: message.sender,
    convSeq: message.seq,
    createdMs: parseHeader(header).createdMs,
    refSeq: NO_REFERENCE,
    body: await bodyDigest(header, body),
    signature: message.signature ? sha(fromBase64(message.signature)) : fromHex("00".repeat(32)),
    media: fromHex("00".repeat(32)),
  });
}
