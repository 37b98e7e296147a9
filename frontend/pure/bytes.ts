/** Bytes and their spellings: concatenation, hex, base64, big-endian integers, UUIDs. */
import { type Bytes, random } from "./platform.ts";

export type { Bytes } from "./platform.ts";

/** Bytes or text that are not what a format asks for; `field` names the part. */
export class FormatError extends Error {
  readonly field: string;

  constructor(field: string, detail: string) {
    super(`${field} ${detail}`);
    this.name = "FormatError";
    this.field = field;
  }
}

export function concat(...parts: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

/** Compares without stopping at the first difference. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}

/** Lexicographic order, as Python's `bytes` has it. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

export const toHex = (data: Uint8Array): string => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");

export function fromHex(text: string, length?: number): Bytes {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) throw new FormatError("hex", "is not lower-case hexadecimal");
  const data = new Uint8Array(text.length / 2);
  for (let i = 0; i < data.length; i++) data[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  if (length !== undefined && data.length !== length) throw new FormatError("hex", `is not ${length} bytes long`);
  return data;
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES = new Map([...ALPHABET].map((character, value) => [character.charCodeAt(0), value]));

/** Standard base64 with padding (RFC 4648 §4). */
export function toBase64(data: Uint8Array): string {
  const out: string[] = [];
  for (let i = 0; i < data.length; i += 3) {
    const [a, b, c] = [data[i]!, data[i + 1], data[i + 2]];
    const word = (a << 16) | ((b ?? 0) << 8) | (c ?? 0);
    out.push(
      ALPHABET[word >> 18]! +
        ALPHABET[(word >> 12) & 63]! +
        (b === undefined ? "=" : ALPHABET[(word >> 6) & 63]!) +
        (c === undefined ? "=" : ALPHABET[word & 63]!),
    );
  }
  return out.join("");
}

/** Only the one canonical spelling is read: padded, no spaces, unused bits zero. */
export function fromBase64(text: string): Bytes {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  if (text.length % 4 !== 0) throw new FormatError("base64", "has a length that is not a multiple of 4");
  const data = new Uint8Array((text.length / 4) * 3 - padding);
  const end = text.length - padding;
  let word = 0;
  let bits = 0;
  let offset = 0;
  for (let i = 0; i < end; i++) {
    const value = VALUES.get(text.charCodeAt(i));
    if (value === undefined) throw new FormatError("base64", "has a character outside the alphabet");
    word = ((word << 6) | value) & 0xffffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      data[offset++] = (word >> bits) & 0xff;
    }
  }
  if ((word & ((1 << bits) - 1)) !== 0) throw new FormatError("base64", "has unused bits that are not zero");
  return data;
}

const view = (data: Uint8Array): DataView => new DataView(data.buffer, data.byteOffset, data.byteLength);

export function u16(value: number): Bytes {
  const data = new Uint8Array(2);
  view(data).setUint16(0, value);
  return data;
}

export function u32(value: number): Bytes {
  const data = new Uint8Array(4);
  view(data).setUint32(0, value);
  return data;
}

/** `value` is a whole number from 0 to 2^53 − 1, or a `bigint` up to 2^64 − 1. */
export function u64(value: number | bigint): Bytes {
  if (typeof value === "number" && (!Number.isSafeInteger(value) || value < 0)) {
    throw new FormatError("integer", "is not a whole number from 0 to 2^53 - 1");
  }
  const data = new Uint8Array(8);
  view(data).setBigUint64(0, BigInt(value));
  return data;
}

/** Reads fields one after the other; every read checks the end. */
export class Reader {
  readonly #data: Bytes;
  #offset = 0;

  constructor(data: Bytes) {
    this.#data = data;
  }

  get rest(): number {
    return this.#data.length - this.#offset;
  }

  bytes(length: number): Bytes {
    if (length > this.rest) throw new FormatError("data", "ends too early");
    this.#offset += length;
    return this.#data.slice(this.#offset - length, this.#offset);
  }

  u8(): number {
    return this.bytes(1)[0]!;
  }

  u16(): number {
    return view(this.bytes(2)).getUint16(0);
  }

  u32(): number {
    return view(this.bytes(4)).getUint32(0);
  }

  /** Refuses values above 2^53 − 1, which no counter, size or time here reaches. */
  u64(field: string): number {
    const value = this.big64();
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new FormatError(field, "is larger than 2^53 - 1");
    return Number(value);
  }

  big64(): bigint {
    return view(this.bytes(8)).getBigUint64(0);
  }

  uuid(): string {
    return uuidFromBytes(this.bytes(16));
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The 16 bytes of a lower-case UUID. */
export function uuidBytes(text: string): Bytes {
  if (!UUID.test(text)) throw new FormatError("uuid", "is not a lower-case UUID");
  return fromHex(text.replaceAll("-", ""));
}

export function uuidFromBytes(data: Uint8Array): string {
  if (data.length !== 16) throw new FormatError("uuid", "is not 16 bytes long");
  return toHex(data).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** A new UUID version 7 (RFC 9562 §5.7) for a moment in milliseconds. */
export function uuid7(nowMs: number, randomness: Uint8Array = random(10)): string {
  const data = concat(u64(nowMs).slice(2), randomness.slice(0, 10));
  data[6] = 0x70 | (data[6]! & 0x0f);
  data[8] = 0x80 | (data[8]! & 0x3f);
  return uuidFromBytes(data);
}
