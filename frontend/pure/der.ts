/** The little of DER (X.690) that an encrypted private key needs: writing, and strict reading. */
import { type Bytes, concat, FormatError } from "./bytes.ts";

export const INTEGER = 0x02;
export const OCTETS = 0x04;
export const NULL = 0x05;
export const OID = 0x06;
export const SEQUENCE = 0x30;

export function der(tag: number, ...content: readonly Uint8Array[]): Bytes {
  const body = concat(...content);
  if (body.length < 0x80) return concat(new Uint8Array([tag, body.length]), body);
  const length: number[] = [];
  for (let rest = body.length; rest > 0; rest = Math.floor(rest / 256)) length.unshift(rest & 0xff);
  return concat(new Uint8Array([tag, 0x80 | length.length, ...length]), body);
}

/** A non-negative INTEGER below 2^31. */
export function derInteger(value: number): Bytes {
  const digits: number[] = [];
  for (let rest = value; rest > 0; rest >>= 8) digits.unshift(rest & 0xff);
  if (digits.length === 0 || digits[0]! >= 0x80) digits.unshift(0);
  return der(INTEGER, new Uint8Array(digits));
}

/** Reads one element after the other; refuses lengths that are indefinite, padded or too long. */
export class DerReader {
  readonly #data: Bytes;
  #offset = 0;

  constructor(data: Bytes) {
    this.#data = data;
  }

  get done(): boolean {
    return this.#offset === this.#data.length;
  }

  /** The content of the next element, which must carry this tag. */
  read(tag: number): Bytes {
    if (this.#byte() !== tag) throw new FormatError("der", "has another structure than expected");
    const length = this.#length();
    if (this.#offset + length > this.#data.length) throw new FormatError("der", "ends too early");
    this.#offset += length;
    return this.#data.slice(this.#offset - length, this.#offset);
  }

  next(tag: number): boolean {
    return this.#data[this.#offset] === tag;
  }

  integer(): number {
    const content = this.read(INTEGER);
    if (content.length === 0 || content.length > 4 || content[0]! >= 0x80) {
      throw new FormatError("der", "has a number out of range");
    }
    return content.reduce((value, byte) => value * 256 + byte, 0);
  }

  /** Throws when bytes follow. */
  end(): void {
    if (!this.done) throw new FormatError("der", "has bytes after its end");
  }

  #byte(): number {
    const byte = this.#data[this.#offset++];
    if (byte === undefined) throw new FormatError("der", "ends too early");
    return byte;
  }

  #length(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0 || count > 3) throw new FormatError("der", "has a length out of range");
    let length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + this.#byte();
    if (length < 0x80 || length < 256 ** (count - 1)) throw new FormatError("der", "has a length not in shortest form");
    return length;
  }
}
