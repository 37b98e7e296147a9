/**
 * Checks what the server says about the ledger against what it said before: the log's key, the signed checkpoint,
 * that it only grew since, and for each message that the bytes on this page are the ones it committed to.
 */
import { type Bytes, equal, FormatError, fromBase64, fromHex, toHex } from "../pure/bytes.ts";
import { bodyDigest, parseHeader } from "../pure/envelope.ts";
import {
  blockHash,
  type BlockHeader,
  commitment,
  CONSENSUS_WORK,
  encodeEntry,
  encodeOpening,
  erasureOrder,
  erasureValue,
  KIND_ERASURE,
  KIND_MESSAGE,
  KIND_REMOVAL,
  leadingZeroBits,
  MODE_END_TO_END,
  MODE_STANDARD,
  NO_REFERENCE,
  parseBlockHeader,
  parseEntry,
  parseOpening,
  REASON_ACCOUNT,
  removalOrder,
  removalValue,
} from "../pure/ledger.ts";
import { leafHash, rootFromInclusion, verifyConsistency } from "../pure/merkle.ts";
import { type Checkpoint, isSignedBy, parseCheckpoint, parseVerifierKey, splitNote } from "../pure/note.ts";
import { ed25519Verify, Ed25519Missing, fromUtf8, sha256 } from "../pure/platform.ts";
import type { WireMessage, WirePlace, WireProof, WireProofs, WireRemoval } from "../pure/wire.ts";
import type { LedgerAlarm, PinnedCheckpoint, ProofReport, ProofResult, ProofStep } from "./protocol.ts";
import type { Store } from "./store.ts";
import { envelopeDigest, type Texts } from "./texts.ts";

/** How far a sender's clock may be away from the server's. */
const CLOCK_WINDOW_MS = 10 * 60_000;
const DAY_MS = 86_400_000;

type Compared = { readonly expected?: string; readonly found?: string };

function step(name: ProofStep["name"], state: ProofStep["state"], detail: string, { expected, found }: Compared = {}): ProofStep {
  return { name, state, detail, expected: expected ?? null, found: found ?? null };
}

const compared = (name: ProofStep["name"], expected: string, found: string, good: string, wrong: string): ProofStep =>
  expected === found ? step(name, "ok", good, { expected, found }) : step(name, "failed", wrong, { expected, found });

/** A contradiction that concerns the whole log. */
class Alarm extends Error {
  readonly code: LedgerAlarm;
  readonly step: ProofStep;

  constructor(code: LedgerAlarm, at: ProofStep) {
    super(at.detail);
    this.code = code;
    this.step = at;
  }
}

export const pinnedCheckpoint = (store: Store): Promise<PinnedCheckpoint | undefined> => store.get<PinnedCheckpoint>("meta", "checkpoint");

/** The report; what is pinned moves on only without an alarm, and never back. */
export async function checkProofs(
  proofs: WireProofs,
  messages: readonly WireMessage[],
  { store, texts, nowMs, gone = [] }: { store: Store; texts: Texts; nowMs: number; gone?: readonly string[] },
): Promise<ProofReport> {
  const pinned = (await pinnedCheckpoint(store)) ?? null;
  const pending = [...proofs.pending];
  const steps: ProofStep[] = [];
  // A new instance has no block yet, and then nothing can be proven or contradicted.
  if (!pinned && !proofs.checkpoint && proofs.items.length === 0) return { alarm: null, steps, items: [], pending, pinned };
  try {
    const checkpoint = await checkLog(proofs, pinned, steps);
    const byId = new Map(messages.map((message) => [message.id, message]));
    const items: ProofResult[] = [];
    for (const proof of proofs.items) items.push(await checkItem(proof, byId.get(proof.message), { checkpoint, texts, vkey: proofs.vkey, gone }));
    items.push(...withoutProof(proofs, messages));
    const isVerified = steps.every(({ state }) => state === "ok");
    return { alarm: null, steps, items, pending, pinned: isVerified ? await pin(store, proofs, checkpoint, nowMs) : pinned };
  } catch (error) {
    if (!(error instanceof Alarm)) throw error;
    return { alarm: error.code, steps: [...steps, error.step], items: [], pending, pinned };
  }
}

/** Adds the steps of the log itself; throws `Alarm`. */
async function checkLog(proofs: WireProofs, pinned: PinnedCheckpoint | null, steps: ProofStep[]): Promise<Checkpoint> {
  if (pinned && proofs.vkey.trim() !== pinned.vkey) {
    throw new Alarm("key_changed", step("vkey", "failed", "The log's key is another than before.", { expected: pinned.vkey, found: proofs.vkey }));
  }
  const vkey = step("vkey", "ok", pinned ? "The log's key is the one this browser knows." : "The log's key is remembered from now on.", {
    found: proofs.vkey,
  });
  const signed = await checkSignature(proofs);
  steps.push(vkey, signed.step);
  steps.push(await checkGrowth(proofs, signed.checkpoint, pinned));
  return signed.checkpoint;
}

async function checkSignature(proofs: WireProofs): Promise<{ checkpoint: Checkpoint; step: ProofStep }> {
  const { note, vkey } = { note: proofs.checkpoint, vkey: proofs.vkey };
  let checkpoint: Checkpoint;
  try {
    const key = await parseVerifierKey(vkey);
    checkpoint = parseCheckpoint(splitNote(note).text);
    if (checkpoint.origin !== key.name) throw new FormatError("checkpoint", "is of another log than its key");
    if (!(await isSignedBy(note, key, ed25519Verify))) {
      throw new Alarm("bad_signature", step("checkpoint", "failed", "The checkpoint's signature is wrong."));
    }
  } catch (error) {
    if (error instanceof FormatError) throw new Alarm("bad_checkpoint", step("checkpoint", "failed", `The ${error.message}.`));
    if (!(error instanceof Ed25519Missing)) throw error;
    return { checkpoint: parseCheckpoint(splitNote(note).text), step: step("checkpoint", "unchecked", error.message) };
  }
  const found = { found: toHex(checkpoint.root) };
  return { checkpoint, step: step("checkpoint", "ok", `The checkpoint of ${checkpoint.size} entries is signed by the log's key.`, found) };
}

async function checkGrowth(proofs: WireProofs, checkpoint: Checkpoint, pinned: PinnedCheckpoint | null): Promise<ProofStep> {
  const root = toHex(checkpoint.root);
  if (!pinned) return step("consistency", "ok", "This is the first checkpoint this browser sees.", { found: root });
  const about = { expected: `${pinned.size} ${pinned.root}`, found: `${checkpoint.size} ${root}` };
  if (checkpoint.size < pinned.size) {
    throw new Alarm("rollback", step("consistency", "failed", `The log had ${pinned.size} entries and now has ${checkpoint.size}.`, about));
  }
  if (!(await isGrown(proofs, checkpoint, pinned))) {
    throw new Alarm("fork", step("consistency", "failed", "The log does not continue the one this browser saw.", about));
  }
  return step("consistency", "ok", `The log begins with the ${pinned.size} entries this browser saw before.`, about);
}

async function isGrown(proofs: WireProofs, { size, root }: Checkpoint, pinned: PinnedCheckpoint): Promise<boolean> {
  try {
    const path = size === pinned.size ? [] : proofs.consistency.map((hash) => fromHex(hash, 32));
    return await verifyConsistency(pinned.size, size, fromHex(pinned.root, 32), root, path);
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}

function pin(store: Store, { vkey, checkpoint: note }: WireProofs, { origin, size, root }: Checkpoint, seenMs: number): Promise<PinnedCheckpoint> {
  const fresh: PinnedCheckpoint = { vkey: vkey.trim(), origin, size, root: toHex(root), note, seenMs };
  return store.update<PinnedCheckpoint>("meta", "checkpoint", (old) => (old && old.size > fresh.size ? old : fresh));
}

/** Messages that the answer passes over in silence; an honest server proves each one or says that it waits. */
function withoutProof({ items, pending }: WireProofs, messages: readonly WireMessage[]): ProofResult[] {
  const told = new Set([...items.map(({ message }) => message), ...messages.flatMap(({ id, seq }) => (pending.includes(seq) ? [id] : []))]);
  const steps = [step("inclusion", "failed", "The server shows no entry of the ledger for this message.")];
  return messages
    .filter(({ id }) => !told.has(id))
    .map(({ id, seq }) => ({ seq, message: id, state: "altered", waits: false, erasedMs: null, removal: null, index: null, block: null, steps }));
}

interface Checking {
  readonly checkpoint: Checkpoint;
  readonly texts: Texts;
  readonly vkey: string;
  readonly gone: readonly string[];
}

async function checkItem(proof: WireProof, message: WireMessage | undefined, checking: Checking): Promise<ProofResult> {
  const { checkpoint, texts } = checking;
  const { block, step: blockStep } = await checkBlock(proof, checkpoint);
  // A page that was open meanwhile still holds what the log says is erased.
  const isErased = message?.erased === true || proof.salt === null;
  const removals = proof.removals ?? [];
  const isRemoved = !isErased && (Boolean(message?.removed) || removals.length % 2 === 1);
  const steps: ProofStep[] = [];
  if (isErased) steps.push(await readable("erasure", () => checkErasure(proof, message, checking)));
  else {
    if (isRemoved || removals.length > 0) steps.push(await readable("removal", () => checkRemovals(proof, message, checking)));
    if (!isRemoved) steps.push(await readable("text", () => checkText(message, texts)));
    steps.push(await readable("commitment", () => (isRemoved ? checkWithheld(proof, message) : checkCommitment(proof, message))));
  }
  steps.push(await readable("inclusion", () => checkInclusion(proof, checkpoint)), blockStep);
  const states = steps.map(({ state }) => state);
  const good = isErased ? "erased" : isRemoved ? "removed" : "sealed";
  const state = states.includes("failed") ? "altered" : states.includes("unchecked") ? "unchecked" : good;
  // What its author took back, or the staff, is not kept here either, once that is proven.
  if (state === "erased" || state === "removed") await texts.forget(proof.message);
  const erasedMs = isErased && proof.erasure ? proof.erasure.day * DAY_MS : null;
  const isSealing = isErased ? proof.erasure?.seal === null : removals.some(({ seal }) => seal === null);
  const waits = state === "unchecked" && isSealing;
  return { seq: proof.seq, message: proof.message, state, waits, erasedMs, removal: lastRemoval(removals), index: proof.index, block, steps };
}

function lastRemoval(removals: readonly WireRemoval[]): ProofResult["removal"] {
  const removed = removals.findLast(({ number }) => number % 2 === 1);
  if (!removed) return null;
  const back = removals.find(({ number }) => number === removed.number + 1);
  return { reason: removed.words, removedMs: removed.at_ms, backMs: back?.at_ms ?? null };
}

/** Erased is only what the log's key ordered, what a later entry seals, and whose author is gone. */
async function checkErasure(proof: WireProof, message: WireMessage | undefined, { checkpoint, vkey, gone }: Checking): Promise<ProofStep> {
  const failed = (detail: string): ProofStep => step("erasure", "failed", detail);
  const { erasure } = proof;
  if (!erasure) return failed("The message was cut out: the server shows no erasure that the log's key ordered.");
  if (proof.salt !== null) return failed("The message is called erased, but what ties it to the ledger is still there.");
  if (parseEntry(fromHex(proof.entry)).kind !== KIND_MESSAGE) return failed("The ledger holds something else than a message at this place.");
  if (!message) return step("erasure", "unchecked", "This page does not hold the message.");
  if (erasure.reason !== REASON_ACCOUNT || !gone.includes(message.sender)) return failed("Its author's account is still there, so nobody may have erased it.");
  const value = await erasureValue(proof.index, erasure.day, erasure.reason);
  const { name } = await parseVerifierKey(vkey);
  const doubt = await checkOrder("erasure", { vkey, checkpoint }, {
    signed: erasureOrder(name, value), signature: erasure.signature, entry: encodeEntry({ kind: KIND_ERASURE, value }), seal: erasure.seal, after: proof.index,
  });
  return doubt ?? step("erasure", "ok", `Entry ${erasure.seal!.index} says that it was erased.`);
}

interface Order {
  readonly signed: Bytes;
  readonly signature: string;
  readonly entry: Bytes;
  readonly seal: WirePlace | null;
  /** The entry that it must come after. */
  readonly after: number;
}

/** What is wrong with an order of the log's key, or null when it is signed and its entry stands in the signed tree. */
async function checkOrder(
  name: "erasure" | "removal",
  { vkey, checkpoint }: Pick<Checking, "vkey" | "checkpoint">,
  { signed, signature, entry, seal, after }: Order,
): Promise<ProofStep | null> {
  const failed = (detail: string): ProofStep => step(name, "failed", detail);
  const key = await parseVerifierKey(vkey);
  try {
    if (!(await ed25519Verify(key.publicKey, fromHex(signature, 64), signed))) return failed(`The log's key did not sign the ${name}.`);
  } catch (error) {
    if (!(error instanceof Ed25519Missing)) throw error;
    return step(name, "unchecked", error.message);
  }
  if (!seal) return step(name, "unchecked", `The ${name} waits to be sealed. Look again in a moment.`);
  if (seal.index <= after || seal.entry !== toHex(entry)) return failed(`Another entry than that of the ${name} was shown.`);
  const root = await rootFromInclusion(await leafHash(entry), seal.index, checkpoint.size, seal.path.map((hash) => fromHex(hash, 32)));
  const about = compared(name, toHex(checkpoint.root), toHex(root), "", `The entry of the ${name} is not in the signed tree.`);
  return about.state === "ok" ? null : about;
}

/** Removed or put back is only what the log's key ordered, each time, and what a later entry seals. */
async function checkRemovals(proof: WireProof, message: WireMessage | undefined, checking: Checking): Promise<ProofStep> {
  const failed = (detail: string): ProofStep => step("removal", "failed", detail);
  const removals = proof.removals ?? [];
  const last = removals.at(-1);
  if (!last) return failed("The message was cut out: the server shows no removal that the log's key ordered.");
  const { name } = await parseVerifierKey(checking.vkey);
  const { value: target } = parseEntry(fromHex(proof.entry));
  let after = proof.index;
  for (const [at, removal] of removals.entries()) {
    if (removal.number !== at + 1) return failed("One of the removals is left out.");
    if (removal.target !== toHex(target)) return failed("The removal is about another message.");
    const value = await removalValue(fromHex(removal.salt, 32), { number: removal.number, atMs: removal.at_ms, target, words: removal.words });
    const doubt = await checkOrder("removal", checking, {
      signed: removalOrder(name, value), signature: removal.signature, entry: encodeEntry({ kind: KIND_REMOVAL, value }), seal: removal.seal, after,
    });
    if (doubt) return doubt;
    after = removal.seal!.index;
  }
  const isRemoved = last.number % 2 === 1;
  if (message?.removed && !isRemoved) return failed("The ledger says that it was put back, but the server withholds it.");
  if (message?.removed && message.removed.reason !== last.words) return failed("The page shows another reason than the ledger.");
  return step("removal", "ok", isRemoved ? `Entry ${after} says that the staff removed it.` : `Entry ${after} says that the staff put it back.`);
}

/** A removed message is not shown, but what was sealed of it must be of this very message. */
async function checkWithheld(proof: WireProof, message: WireMessage | undefined): Promise<ProofStep> {
  const entry = parseEntry(fromHex(proof.entry));
  if (!message) return step("commitment", "unchecked", "This page does not hold the message.");
  if (entry.kind !== KIND_MESSAGE || proof.kind !== KIND_MESSAGE) {
    return step("commitment", "failed", "The ledger holds something else than a message at this place.");
  }
  const bytes = fromHex(proof.opening ?? "");
  const { mode, createdMs, ...opening } = parseOpening(bytes);
  const wanted = { message: message.id, conversation: message.conversation, sender: message.sender, convSeq: message.seq };
  const isThis = Object.entries(wanted).every(([field, value]) => opening[field as keyof typeof wanted] === value);
  const isMode = mode === (message.mode === "end_to_end" ? MODE_END_TO_END : MODE_STANDARD);
  if (!isThis || !isMode || proof.seq !== message.seq || !isTimely(message, Number(createdMs))) {
    return step("commitment", "failed", "What was sealed is another message than this one.");
  }
  const found = toHex(await commitment(fromHex(proof.salt ?? "", 32), bytes));
  return compared("commitment", toHex(entry.value), found, "The ledger's entry commits to this message.", "The message is not the one that the ledger's entry commits to.");
}

/** A step whose bytes cannot even be read has failed. */
async function readable(name: ProofStep["name"], check: () => Promise<ProofStep>): Promise<ProofStep> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return step(name, "failed", `This cannot be read: ${error.message}.`);
  }
}

async function checkText(message: WireMessage | undefined, texts: Texts): Promise<ProofStep> {
  if (!message) return step("text", "unchecked", "This page does not hold the message.");
  if (message.mode === "standard") {
    if (message.damaged || message.text === null) return step("text", "failed", "The server cannot read the stored message any more.");
    return compared("text", bodyText(message.body), message.text, "The text is the one in the stored message.", "The page shows another text than the stored message.");
  }
  const known = await texts.get(message.id);
  if (!known) return step("text", "unchecked", "This browser has not opened the message, so it cannot compare its text.");
  return compared("text", known.digest, await envelopeDigest(message), "The text was decrypted from exactly these bytes.", "The bytes are not those the text was decrypted from.");
}

function bodyText(body: string): string {
  try {
    return String((JSON.parse(fromUtf8(fromBase64(body))) as { text?: unknown }).text);
  } catch {
    throw new FormatError("text", "of the stored message is not readable");
  }
}

async function checkCommitment(proof: WireProof, message: WireMessage | undefined): Promise<ProofStep> {
  const entry = parseEntry(fromHex(proof.entry));
  if (!message) return step("commitment", "unchecked", "This page does not hold the message.");
  if (entry.kind !== KIND_MESSAGE || proof.kind !== KIND_MESSAGE) {
    return step("commitment", "failed", "The ledger holds something else than a message at this place.");
  }
  const found = toHex(await commitment(fromHex(proof.salt ?? "", 32), await openingOf(message, proof)));
  return compared("commitment", toHex(entry.value), found, "The ledger's entry commits to exactly these bytes.", "The message is not the one that the ledger's entry commits to.");
}

async function openingOf(message: WireMessage, proof: WireProof): Promise<Bytes> {
  if (proof.seq !== message.seq) throw new FormatError("number", "of the proof is not the message's");
  const [header, body] = [fromBase64(message.header), fromBase64(message.body)];
  const signature = fromBase64(message.signature ?? "");
  const { createdMs } = parseHeader(header);
  if (!isTimely(message, createdMs)) throw new FormatError("time", "of receipt is not the one that was sealed");
  return encodeOpening({
    mode: message.mode === "end_to_end" ? MODE_END_TO_END : MODE_STANDARD,
    flags: 0,
    message: message.id,
    conversation: message.conversation,
    sender: message.sender,
    convSeq: message.seq,
    createdMs,
    refSeq: NO_REFERENCE,
    body: await bodyDigest(header, body),
    signature: signature.length > 0 ? await sha256(signature) : new Uint8Array(32),
    media: new Uint8Array(32),
  });
}

/** A server stamps a readable message once; a sealed one it takes only near the time that its sender signed. */
const isTimely = ({ mode, received_ms: receivedMs }: WireMessage, createdMs: number): boolean =>
  Math.abs(receivedMs - createdMs) <= (mode === "standard" ? 0 : CLOCK_WINDOW_MS);

async function checkInclusion(proof: WireProof, checkpoint: Checkpoint): Promise<ProofStep> {
  const leaf = await leafHash(fromHex(proof.entry));
  const path = proof.path.map((hash) => fromHex(hash, 32));
  const root = await rootFromInclusion(leaf, proof.index, checkpoint.size, path);
  return compared("inclusion", toHex(checkpoint.root), toHex(root), `Entry ${proof.index} is in the signed tree.`, "The entry is not in the signed tree.");
}

async function checkBlock(proof: WireProof, checkpoint: Checkpoint): Promise<Pick<ProofResult, "block"> & { step: ProofStep }> {
  let block: ProofResult["block"] = null;
  const checked = await readable("block", async () => {
    const bytes = fromHex(proof.block.header);
    const header = parseBlockHeader(bytes);
    const hash = await blockHash(bytes);
    block = { number: header.index, hash: toHex(hash), timestampMs: header.timestampMs };
    return compareBlock(proof, header, hash, checkpoint);
  });
  return { block, step: checked };
}

function compareBlock(proof: WireProof, header: BlockHeader, hash: Bytes, checkpoint: Checkpoint): ProofStep {
  const found = { found: toHex(hash) };
  const wrong = contradiction(proof, header, hash, checkpoint);
  if (wrong) return step("block", "failed", wrong, found);
  if (header.consensus !== CONSENSUS_WORK) {
    return step("block", "unchecked", "An authority signed this block; its signature is not part of the answer.", found);
  }
  const range = `entries ${header.firstSeq} to ${header.treeSize - 1}`;
  return step("block", "ok", `Block ${header.index} holds ${range}; its hash has the ${header.difficultyBits} zero bits of its work.`, found);
}

function contradiction(proof: WireProof, header: BlockHeader, hash: Bytes, checkpoint: Checkpoint): string | null {
  if (header.index !== proof.block.number) return "The block carries another number than the proof says.";
  const isInside = header.firstSeq <= proof.index && proof.index < header.firstSeq + header.leafCount;
  if (!isInside || header.treeSize !== header.firstSeq + header.leafCount) return "The block does not hold this entry.";
  if (header.treeSize > checkpoint.size) return "The block lies beyond the signed checkpoint.";
  if (header.treeSize === checkpoint.size && !equal(fromHex(header.treeRoot), checkpoint.root)) return "The block's tree is not the signed one.";
  if (header.consensus === CONSENSUS_WORK && leadingZeroBits(hash) < header.difficultyBits) return "The block's proof of work does not hold.";
  return null;
}
