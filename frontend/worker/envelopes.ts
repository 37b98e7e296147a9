/** Seals and opens end-to-end messages (BYE1, suite 0x0001) with this member's keys. */
import { type Bytes, equal, FormatError, fromBase64, fromHex, toBase64, toHex } from "../pure/bytes.ts";
import {
  bodyDigest,
  decryptBody,
  encryptBody,
  type Header,
  KIND_TEXT,
  openBody,
  originHash,
  parseHeader,
  SECRET_LENGTH,
  signedBytes,
  SUITE_RSA,
  TEXT_LIMIT,
  wrapLabel,
} from "../pure/envelope.ts";
import { random, utf8 } from "../pure/platform.ts";
import type { WireMessage } from "../pure/wire.ts";
import { Failure } from "./failure.ts";
import type { History } from "./history.ts";
import type { Disclosed, Opened, Problem, ProblemCode, Sealed, SealParams } from "./protocol.ts";
import { type Peers, type Recipient, requireMembers, type Roster } from "./roster.ts";
import { importPublic, sign, unwrap, verify, wrap } from "./rsa.ts";
import { envelopeDigest, type Payload, textOf, type Texts } from "./texts.ts";
import type { KeySet } from "./vault.ts";

/** A message that must not be shown; becomes its one fatal problem. */
class Refusal extends Error {
  readonly code: ProblemCode;

  constructor(code: ProblemCode, detail: string) {
    super(detail);
    this.code = code;
  }
}

/** The envelope for exactly the two members of the roster, signed by this browser. */
export async function seal(params: SealParams, roster: Roster, keys: KeySet, user: string, origin: string): Promise<Sealed> {
  requireMembers(roster, user, params.peer);
  const own = roster.recipients.find((each) => each.user === user)!;
  if (own.device !== keys.keySet || own.encryptKeyId !== keys.encrypt.id || own.signKeyId !== keys.sign.id) {
    throw new Failure("own_key_mismatch", "The server names other keys for you than this browser holds.");
  }
  if (utf8(params.text).length > TEXT_LIMIT) throw new Failure("too_long", `A message has at most ${TEXT_LIMIT} bytes.`);
  const counter = params.last.counter + 1;
  const secret = random(SECRET_LENGTH);
  const { header, body } = await encryptBody(
    {
      originHash: await originHash(origin),
      conversation: params.conversation,
      message: params.message,
      sender: user,
      device: keys.device,
      sigKeyId: keys.sign.id,
      rosterVersion: roster.version,
      rosterHash: roster.hash,
      counter,
      prev: params.last.prev,
      createdMs: params.createdMs,
    },
    { text: params.text },
    secret,
  );
  const draft = {
    id: params.message,
    header: toBase64(header),
    body: toBase64(body),
    signature: toBase64(await sign(keys.sign.secret, await signedBytes(header, body))),
    wraps: await Promise.all(roster.recipients.map((each) => wrapFor(each, header, secret))),
  };
  return { draft, chain: { counter, prev: toHex(await bodyDigest(header, body)) } };
}

async function wrapFor(to: Recipient, header: Bytes, secret: Bytes): Promise<Sealed["draft"]["wraps"][number]> {
  const label = await wrapLabel(header, to.device, to.encryptKeyId);
  const wrapped = await wrap(await importPublic("encrypt", to.encryptSpki), secret, label);
  return { device: to.device, key_id: to.encryptKeyId, wrap: toBase64(wrapped) };
}

export interface Reading {
  readonly origin: string;
  readonly keys: readonly KeySet[];
  readonly roster: Roster;
  readonly peers: Peers;
  readonly texts: Texts;
  readonly history: History;
}

interface Envelope {
  readonly header: Bytes;
  readonly body: Bytes;
  readonly signature: Bytes;
  readonly fields: Header;
}

/** What of a message can be shown, and every doubt about it. Never rejects for what the server sent. */
export async function open(wire: WireMessage, reading: Reading): Promise<Opened> {
  const problems: Problem[] = [];
  let envelope: Envelope | null = null;
  let json: Payload | null = null;
  const known = await reading.texts.get(wire.id);
  let original: string | null = null;
  try {
    envelope = await parse(wire, reading.origin);
    const digest = await envelopeDigest(wire);
    if (known && known.digest !== digest) {
      original = textOf(known.json);
      problems.push(doubt("changed", "This browser read another text under this message's id before."));
    }
    if (known?.digest === digest) json = known.json;
    else await verifySignature(envelope, wire, reading.roster);
    for (const found of await inOrder(envelope, wire, reading)) {
      if (found.fatal) throw new Refusal(found.code, found.detail);
      problems.push(found);
    }
    json ??= await decrypt(envelope, wire, reading.keys);
    if (!known) await reading.texts.keep(wire.id, digest, json);
    problems.push(...(await inContext(envelope.fields, reading)));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    json = null;
    problems.push({ code: error.code, fatal: true, detail: error.message });
    if (known && original === null) original = textOf(known.json);
  }
  return {
    id: wire.id,
    seq: wire.seq,
    text: json && textOf(json),
    json,
    createdMs: envelope?.fields.createdMs ?? 0,
    device: envelope?.fields.device ?? null,
    original,
    problems,
  };
}

const doubt = (code: ProblemCode, detail: string): Problem => ({ code, fatal: false, detail });

async function parse(wire: WireMessage, origin: string): Promise<Envelope> {
  let envelope: Envelope;
  try {
    const header = fromBase64(wire.header);
    const parts = { header, body: fromBase64(wire.body), signature: fromBase64(wire.signature ?? "") };
    envelope = { ...parts, fields: parseHeader(header) };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new Refusal(error.field === "suite" ? "suite" : "header", `The message cannot be read: its ${error.message}.`);
  }
  const { fields } = envelope;
  if (fields.suite !== SUITE_RSA || wire.mode !== "end_to_end") throw new Refusal("suite", "The message is not end-to-end encrypted.");
  if (fields.kind !== KIND_TEXT) throw new Refusal("header", "The message is of a kind that this page does not know.");
  const isHere =
    fields.originHash === (await originHash(origin)) &&
    fields.conversation === wire.conversation &&
    fields.message === wire.id &&
    fields.sender === wire.sender;
  if (!isHere) throw new Refusal("context", "The message was written for another place or by somebody else.");
  return envelope;
}

async function verifySignature({ header, body, signature, fields }: Envelope, wire: WireMessage, roster: Roster): Promise<void> {
  const key = await roster.signingKey(wire.sender, fields.sigKeyId);
  if (!key) throw new Refusal("key", "The message is signed by a key that is not the sender's.");
  if (!(await verify(key, signature, await signedBytes(header, body)))) {
    throw new Refusal("signature", "The signature does not belong to this message.");
  }
}

async function inOrder({ header, body, fields }: Envelope, wire: WireMessage, { history }: Reading): Promise<Problem[]> {
  const { conversation, message, device, counter, prev } = fields;
  const digest = toHex(await bodyDigest(header, body));
  return history.add({ conversation, seq: wire.seq, message, device, counter, prev, digest });
}

async function decrypt({ header, body }: Envelope, wire: WireMessage, keys: readonly KeySet[]): Promise<Payload> {
  const secret = await unwrapSecret(header, wire, keys);
  try {
    const json = await decryptBody(header, body, secret);
    if (textOf(json) === null) throw new Refusal("body", "The message holds no text.");
    return json;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new Refusal(error.field === "commitment" ? "commitment" : "body", `The message cannot be shown: its ${error.message}.`);
  }
}

/** What shows the words of a message to a third party; null for one that this browser cannot open. */
export async function disclose(wire: WireMessage, reading: Reading): Promise<Disclosed | null> {
  try {
    const envelope = await parse(wire, reading.origin);
    await verifySignature(envelope, wire, reading.roster);
    const secret = await unwrapSecret(envelope.header, wire, reading.keys);
    const { payload, frank } = await openBody(envelope.header, envelope.body, secret);
    return { id: wire.id, payload: toBase64(payload), frank: toBase64(frank) };
  } catch (error) {
    if (error instanceof Refusal || error instanceof FormatError) return null;
    throw error;
  }
}

async function unwrapSecret(header: Bytes, wire: WireMessage, keys: readonly KeySet[]): Promise<Bytes> {
  for (const { device, key_id: keyId, wrap: wrapped } of wire.wraps) {
    const own = keys.find((each) => each.keySet === device && each.encrypt.id === keyId);
    if (!own) continue;
    try {
      const secret = await unwrap(own.encrypt.secret, fromBase64(wrapped), await wrapLabel(header, device, keyId));
      if (secret.length === SECRET_LENGTH) return secret;
    } catch {
      // Told below: a wrap that does not open says nothing about why.
    }
    throw new Refusal("wrap", "The message's key for you was altered.");
  }
  throw new Refusal("wrap", "The message was not encrypted for the keys of this browser.");
}

async function inContext(fields: Header, { roster, peers }: Reading): Promise<Problem[]> {
  const found: Problem[] = [];
  if (!(await peers.trusts(fields.sender, fields.sigKeyId))) {
    found.push(doubt("peer_key", "The sender's keys are not those that this browser saw first."));
  }
  const isUnknown = fields.rosterVersion > roster.version;
  const isOther = fields.rosterVersion === roster.version && !equal(fromHex(fields.rosterHash), fromHex(roster.hash));
  if (isUnknown || isOther) {
    found.push(doubt("roster", "The sender signed another list of recipients than the server names."));
  }
  return found;
}
