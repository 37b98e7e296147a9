/**
 * The message envelope "BYE1": exact bytes without key objects. RSA stays with the worker's keys; this
 * file makes and checks everything else. Integers are big-endian, times milliseconds since the epoch.
 */
import { type Bytes, compare, concat, equal, FormatError, fromHex, Reader, toHex, u16, u32, u64, uuidBytes } from "./bytes.ts";
import { fromUtf8, gcmDecrypt, gcmEncrypt, hkdfSha256, hmacSha256, sha256, utf8 } from "./platform.ts";

export const HEADER_LENGTH = 256;
export const SUITE_STANDARD = 0x0000;
export const SUITE_RSA = 0x0001;
export const KIND_TEXT = 1;
export const SECRET_LENGTH = 32;
export const TEXT_LIMIT = 65_536;
const PAYLOAD_MINIMUM = 256;
const COMMITMENT_OFFSET = 224;
const ZERO32 = "0".repeat(64);

/** The signed header as values; digests are lower-case hex, ids UUID strings. */
export interface Header {
  readonly suite: number;
  readonly kind: number;
  readonly flags: number;
  readonly originHash: string;
  readonly conversation: string;
  readonly message: string;
  readonly sender: string;
  readonly device: string;
  readonly sigKeyId: string;
  readonly rosterVersion: number;
  readonly rosterHash: string;
  readonly counter: number;
  readonly prev: string;
  readonly createdMs: number;
  readonly commitment: string;
}

export type HeaderDraft = Omit<Header, "suite" | "kind" | "flags" | "commitment">;

export function encodeHeader(header: Header): Bytes {
  const data = concat(
    utf8("BYE1"),
    u16(header.suite),
    new Uint8Array([header.kind, header.flags]),
    fromHex(header.originHash, 32),
    uuidBytes(header.conversation),
    uuidBytes(header.message),
    uuidBytes(header.sender),
    uuidBytes(header.device),
    fromHex(header.sigKeyId, 32),
    u64(header.rosterVersion),
    fromHex(header.rosterHash, 32),
    u64(header.counter),
    fromHex(header.prev, 32),
    u64(header.createdMs),
    fromHex(header.commitment, 32),
  );
  if (data.length !== HEADER_LENGTH) throw new FormatError("header", "has a value that does not fit");
  return data;
}

/** Reads a header of a known suite and kind; throws `FormatError` naming the field. */
export function parseHeader(data: Bytes): Header {
  if (data.length !== HEADER_LENGTH) throw new FormatError("header", `is not ${HEADER_LENGTH} bytes long`);
  const reader = new Reader(data);
  if (!equal(reader.bytes(4), utf8("BYE1"))) throw new FormatError("magic", "is not BYE1");
  const header: Header = {
    suite: reader.u16(),
    kind: reader.u8(),
    flags: reader.u8(),
    originHash: toHex(reader.bytes(32)),
    conversation: reader.uuid(),
    message: reader.uuid(),
    sender: reader.uuid(),
    device: reader.uuid(),
    sigKeyId: toHex(reader.bytes(32)),
    rosterVersion: reader.u64("roster_version"),
    rosterHash: toHex(reader.bytes(32)),
    counter: reader.u64("counter"),
    prev: toHex(reader.bytes(32)),
    createdMs: reader.u64("created_ms"),
    commitment: toHex(reader.bytes(32)),
  };
  if (header.suite !== SUITE_STANDARD && header.suite !== SUITE_RSA) throw new FormatError("suite", "is not known here");
  if (header.kind < 1 || header.kind > 5) throw new FormatError("kind", "is not known here");
  if (header.flags !== 0) throw new FormatError("flags", "must be 0");
  return header;
}

export const originHash = async (origin: string): Promise<string> => toHex(await sha256(utf8(origin)));

export interface RosterMember {
  readonly user: string;
  readonly device: string;
  readonly encryptKeyId: string;
}

/** SHA-256 of the sorted `user ‖ key set ‖ encryption key id` of all recipients, in hex. */
export async function rosterHash(members: readonly RosterMember[]): Promise<string> {
  const rows = members.map((each) => concat(uuidBytes(each.user), uuidBytes(each.device), fromHex(each.encryptKeyId, 32)));
  return toHex(await sha256(concat(...rows.sort(compare))));
}

/** The OAEP label that binds a wrapped secret to one header and one key set (`device`). */
export async function wrapLabel(header: Bytes, device: string, encryptKeyId: string): Promise<Bytes> {
  return sha256(concat(utf8("BYE1 wrap"), await sha256(header), uuidBytes(device), fromHex(encryptKeyId, 32)));
}

/** SHA-256(header ‖ SHA-256(body)): what the ledger and the next message's `prev` hold. */
export const bodyDigest = async (header: Bytes, body: Bytes): Promise<Bytes> => sha256(concat(header, await sha256(body)));

/** What the sender signs with RSA-PSS-SHA256, salt 32. */
export const signedBytes = async (header: Bytes, body: Bytes): Promise<Bytes> =>
  concat(utf8("BYE1 signature\0"), header, await sha256(body));

/** `u32 length ‖ content ‖ zeros` up to the next power of two, at least 256. */
export function pad(content: Bytes): Bytes {
  let size = PAYLOAD_MINIMUM;
  while (size < content.length + 4) size *= 2;
  const payload = new Uint8Array(size);
  payload.set(u32(content.length));
  payload.set(content, 4);
  return payload;
}

/** The content of `pad`; throws `FormatError` for any other padding. */
export function unpad(payload: Bytes): Bytes {
  const reader = new Reader(payload);
  const content = reader.bytes(reader.u32());
  if (!equal(pad(content), payload)) throw new FormatError("payload", "is not padded as the format says");
  return content;
}

interface Derived {
  readonly key: Bytes;
  readonly nonce: Bytes;
  readonly frank: Bytes;
}

async function derive(secret: Bytes, draft: Bytes): Promise<Derived> {
  const salt = await sha256(draft);
  const [key, nonce, frank] = await Promise.all([
    hkdfSha256(secret, salt, utf8("BYE1 aead key"), 32),
    hkdfSha256(secret, salt, utf8("BYE1 aead nonce"), 12),
    hkdfSha256(secret, salt, utf8("BYE1 frank"), 32),
  ]);
  return { key, nonce, frank };
}

function withoutCommitment(header: Bytes): Bytes {
  const draft = header.slice();
  draft.fill(0, COMMITMENT_OFFSET);
  return draft;
}

/**
 * The header (with its commitment) and the encrypted body of a JSON payload under a fresh `secret` of
 * 32 random bytes. The secret must never be used for a second message.
 */
export async function encryptBody(draft: HeaderDraft, json: object, secret: Bytes): Promise<{ header: Bytes; body: Bytes }> {
  const unsigned = encodeHeader({ ...draft, suite: SUITE_RSA, kind: KIND_TEXT, flags: 0, commitment: ZERO32 });
  const payload = pad(utf8(JSON.stringify(json)));
  const { key, nonce, frank } = await derive(secret, unsigned);
  const header = unsigned.slice();
  header.set(await hmacSha256(frank, concat(unsigned, payload)), COMMITMENT_OFFSET);
  return { header, body: await gcmEncrypt(key, nonce, header, payload) };
}

/** What proves the words of one message to a third party, and opens no other. */
export interface Opening {
  readonly payload: Bytes;
  readonly frank: Bytes;
}

/** The padded payload of a body and the key of its commitment; throws `FormatError` as `decryptBody` does. */
export async function openBody(header: Bytes, body: Bytes, secret: Bytes): Promise<Opening> {
  const unsigned = withoutCommitment(header);
  const { key, nonce, frank } = await derive(secret, unsigned);
  let payload: Bytes;
  try {
    payload = await gcmDecrypt(key, nonce, header, body);
  } catch {
    throw new FormatError("body", "was altered");
  }
  const commitment = await hmacSha256(frank, concat(unsigned, payload));
  if (!equal(commitment, header.slice(COMMITMENT_OFFSET))) throw new FormatError("commitment", "does not match the text");
  return { payload, frank };
}

/** The JSON object of a body; throws `FormatError` with field `body`, `commitment` or `payload`. */
export async function decryptBody(header: Bytes, body: Bytes, secret: Bytes): Promise<Record<string, unknown>> {
  return readJson(unpad((await openBody(header, body, secret)).payload));
}

function readJson(content: Bytes): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(content));
  } catch {
    throw new FormatError("payload", "is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new FormatError("payload", "is not a JSON object");
  }
  return value as Record<string, unknown>;
}

/** What the browser signs to prove that it holds the keys it publishes. */
export async function possessionBytes(claim: {
  readonly origin: string;
  readonly user: string;
  readonly keySet: string;
  readonly device: string;
  readonly encryptKeyId: string;
  readonly signKeyId: string;
  readonly challenge: Bytes;
}): Promise<Bytes> {
  return concat(
    POSSESSION_LABEL,
    await sha256(utf8(claim.origin)),
    uuidBytes(claim.user),
    uuidBytes(claim.keySet),
    uuidBytes(claim.device),
    fromHex(claim.encryptKeyId, 32),
    fromHex(claim.signKeyId, 32),
    claim.challenge,
  );
}

/** The OAEP label of the encrypted challenge. */
export const POSSESSION_LABEL: Bytes = utf8("BYE1 pop");
