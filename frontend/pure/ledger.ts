/** The ledger's bytes: openings, commitments, entries and block headers. Integers are big-endian. */
import { type Bytes, concat, equal, FormatError, Reader, toHex, u16, u32, u64, uuidBytes } from "./bytes.ts";
import { hmacSha256, sha256, utf8 } from "./platform.ts";

export const KIND_MESSAGE = 1;
export const KIND_ERASURE = 4;
export const KIND_REMOVAL = 5;
/** Why a message was erased: its author erased their account. */
export const REASON_ACCOUNT = 1;
export const MODE_STANDARD = 1;
export const MODE_END_TO_END = 2;
export const NO_REFERENCE = 0xffff_ffff_ffff_ffffn;
export const CONSENSUS_WORK = 1;
export const CONSENSUS_AUTHORITY = 2;
const ENTRY_LENGTH = 40;
const OPENING_LENGTH = 171;
const BLOCK_LENGTH = 148;

/** What a message's commitment commits to; digests are 32 bytes. */
export interface Opening {
  readonly mode: number;
  readonly flags: number;
  readonly message: string;
  readonly conversation: string;
  readonly sender: string;
  readonly convSeq: number | bigint;
  readonly createdMs: number | bigint;
  readonly refSeq: number | bigint;
  readonly body: Bytes;
  readonly signature: Bytes;
  readonly media: Bytes;
}

/** The 171 bytes that the commitment authenticates. */
export function encodeOpening(opening: Opening): Bytes {
  for (const field of ["body", "signature", "media"] as const) {
    if (opening[field].length !== 32) throw new FormatError(field, "is not 32 bytes long");
  }
  return concat(
    new Uint8Array([opening.mode]),
    u16(opening.flags),
    uuidBytes(opening.message),
    uuidBytes(opening.conversation),
    uuidBytes(opening.sender),
    u64(opening.convSeq),
    u64(opening.createdMs),
    u64(opening.refSeq),
    opening.body,
    opening.signature,
    opening.media,
  );
}

export type MessageOpening = Pick<Opening, "mode" | "message" | "conversation" | "sender" | "convSeq" | "createdMs">;

/** Which message these 171 bytes are of, for one whose own bytes are withheld; throws `FormatError` with field `opening`. */
export function parseOpening(data: Bytes): MessageOpening {
  if (data.length !== OPENING_LENGTH) throw new FormatError("opening", `is not ${OPENING_LENGTH} bytes long`);
  const reader = new Reader(data);
  const mode = reader.u8();
  if (reader.u16() !== 0) throw new FormatError("opening", "has flags that are not known here");
  const [message, conversation, sender] = [reader.uuid(), reader.uuid(), reader.uuid()];
  return { mode, message, conversation, sender, convSeq: reader.u64("opening"), createdMs: reader.u64("opening") };
}

/** HMAC-SHA256(salt, "beyou/commit/1\0" ‖ opening). */
export const commitment = (salt: Bytes, opening: Bytes): Promise<Bytes> =>
  hmacSha256(salt, concat(utf8("beyou/commit/1\0"), opening));

export interface Entry {
  readonly kind: number;
  readonly value: Bytes;
}

export function encodeEntry(entry: Entry): Bytes {
  return concat(utf8("BYL1"), new Uint8Array([entry.kind, 0, 0, 0]), entry.value);
}

/** The entry of exactly 40 bytes; throws `FormatError` with field `entry`. */
export function parseEntry(data: Bytes): Entry {
  if (data.length !== ENTRY_LENGTH) throw new FormatError("entry", `is not ${ENTRY_LENGTH} bytes long`);
  const entry = { kind: data[4]!, value: data.slice(8) };
  if (!equal(encodeEntry(entry), data)) throw new FormatError("entry", "does not begin as an entry does");
  return entry;
}

/** The value of the entry that seals an erasure: of which leaf, on which day since the epoch, and why. */
export const erasureValue = (seq: number, day: number, reason: number): Promise<Bytes> =>
  sha256(concat(utf8("beyou/erase/1\0"), u64(seq), u32(day), new Uint8Array([reason])));

/** What the log's key signs for an erasure. */
export const erasureOrder = (origin: string, value: Bytes): Bytes => concat(utf8(`beyou/erasure-order/1\0${origin}\0`), value);

/** What the staff did to a message: odd numbers removed it, even ones put it back. `target` is its entry's value. */
export interface Removal {
  readonly number: number;
  readonly atMs: number | bigint;
  readonly target: Bytes;
  readonly words: string;
}

/** HMAC-SHA256(salt, "beyou/removal/1\0" ‖ number ‖ time ‖ target ‖ SHA-256(words)). */
export async function removalValue(salt: Bytes, { number, atMs, target, words }: Removal): Promise<Bytes> {
  if (target.length !== 32) throw new FormatError("removal", "is about no entry");
  return hmacSha256(salt, concat(utf8("beyou/removal/1\0"), u32(number), u64(atMs), target, await sha256(utf8(words))));
}

/** What the log's key signs for a removal. */
export const removalOrder = (origin: string, value: Bytes): Bytes => concat(utf8(`beyou/removal-order/1\0${origin}\0`), value);

export interface BlockHeader {
  readonly consensus: number;
  readonly difficultyBits: number;
  readonly index: number;
  readonly timestampMs: number;
  readonly prevHash: string;
  readonly firstSeq: number;
  readonly leafCount: number;
  readonly dataHash: string;
  readonly treeSize: number;
  readonly treeRoot: string;
  readonly nonce: bigint;
}

/** The header of exactly 148 bytes; throws `FormatError` with field `block`. */
export function parseBlockHeader(data: Bytes): BlockHeader {
  if (data.length !== BLOCK_LENGTH) throw new FormatError("block", `is not ${BLOCK_LENGTH} bytes long`);
  const reader = new Reader(data);
  if (!equal(reader.bytes(4), utf8("BYBK")) || reader.u16() !== 1) throw new FormatError("block", "is not a block of version 1");
  const header = {
    consensus: reader.u8(),
    difficultyBits: reader.u8(),
    index: reader.u64("block"),
    timestampMs: reader.u64("block"),
    prevHash: toHex(reader.bytes(32)),
    firstSeq: reader.u64("block"),
    leafCount: reader.u32(),
    dataHash: toHex(reader.bytes(32)),
    treeSize: reader.u64("block"),
    treeRoot: toHex(reader.bytes(32)),
    nonce: reader.big64(),
  };
  if (header.consensus !== CONSENSUS_WORK && header.consensus !== CONSENSUS_AUTHORITY) {
    throw new FormatError("block", "has a consensus that is not known here");
  }
  return header;
}

export const blockHash = (header: Bytes): Promise<Bytes> => sha256(header);

export function leadingZeroBits(hash: Uint8Array): number {
  let bits = 0;
  for (const byte of hash) {
    if (byte === 0) bits += 8;
    else return bits + Math.clz32(byte) - 24;
  }
  return bits;
}
