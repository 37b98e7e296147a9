import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBase64, fromHex, toBase64, toHex, uuid7 } from "../pure/bytes.ts";
import { encodeHeader, originHash } from "../pure/envelope.ts";
import { blockHash, commitment, encodeEntry, encodeOpening, KIND_REMOVAL, leadingZeroBits, parseBlockHeader, parseEntry, parseOpening, removalValue } from "../pure/ledger.ts";
import { leafHash, rootFromInclusion, verifyConsistency } from "../pure/merkle.ts";
import { isSignedBy, parseCheckpoint, parseVerifierKey, splitNote } from "../pure/note.ts";
import { ed25519Verify } from "../pure/platform.ts";
import type { WireMessage, WireProof, WireProofs } from "../pure/wire.ts";
import type { ProofReport } from "../worker/protocol.ts";
import { Log } from "./log.ts";
import { NOW, open, person, type Person, readVectors, talk, userOf, vectors } from "./people.ts";

const ZEROS = "0".repeat(64);

async function standard(text: string, seq: number): Promise<WireMessage> {
  const id = uuid7(NOW);
  const header = encodeHeader({
    suite: 0, kind: 1, flags: 0, originHash: await originHash(vectors.origin), conversation: vectors.conversation, message: id,
    sender: userOf("alice"), device: "00000000-0000-0000-0000-000000000000", sigKeyId: ZEROS, rosterVersion: 0, rosterHash: ZEROS,
    counter: 0, prev: ZEROS, createdMs: NOW, commitment: ZEROS,
  });
  const body = new TextEncoder().encode(JSON.stringify({ text }));
  return {
    id, conversation: vectors.conversation, seq, sender: userOf("alice"), mode: "standard", header: toBase64(header), body: toBase64(body),
    signature: null, wraps: [], received_ms: NOW, text, damaged: false, erased: false, removed: null,
  };
}

interface World {
  readonly bob: Person;
  readonly log: Log;
  readonly messages: WireMessage[];
  check(proofs: WireProofs, messages?: readonly WireMessage[]): Promise<ProofReport>;
}

/** Bob read three messages of alice, which are sealed in two blocks. */
async function world(): Promise<World> {
  const bob = await person("bob");
  const messages = await talk(await person("alice"), "one", "two", "three");
  await open(bob, messages);
  const log = new Log();
  await log.add(...messages.slice(0, 2));
  await log.add(messages[2]!);
  return { bob, log, messages, check: (proofs, shown = messages) => bob.box.run("checkProofs", { proofs, messages: shown }) };
}

const states = (report: ProofReport): string[] => report.items.map(({ state }) => state);
const failed = (report: ProofReport): string[][] => report.items.map(({ steps }) => steps.filter(({ state }) => state === "failed").map(({ name }) => name));

function withItem(proofs: WireProofs, changes: (item: WireProof) => Partial<WireProof>): WireProofs {
  return { ...proofs, items: proofs.items.map((item, index) => (index === 0 ? { ...item, ...changes(item) } : item)) };
}

test("honest proofs hold, message by message, and are pinned", async () => {
  const { bob, log, check } = await world();
  const report = await check(log.proofs());
  assert.equal(report.alarm, null);
  assert.deepEqual(states(report), ["sealed", "sealed", "sealed"]);
  assert.deepEqual(report.items[0]!.steps.map(({ name, state }) => [name, state]), [["text", "ok"], ["commitment", "ok"], ["inclusion", "ok"], ["block", "ok"]]);
  assert.deepEqual((await bob.box.run("pinned", {}))?.size, log.size);
});

test("a growing log is followed from every size", async () => {
  const { bob, log, check, messages } = await world();
  for (let size = 2; size <= log.size; size++) {
    const pinned = (await bob.box.run("pinned", {}))?.size ?? 0;
    assert.equal((await check(log.proofs(pinned, size))).alarm, null, `${pinned} to ${size}`);
  }
  await log.add(messages[0]!);
  assert.equal((await check(log.proofs(log.size - 2))).pinned?.size, log.size);
});

test("readable messages are checked with their text", async () => {
  const log = new Log();
  const messages = [await standard("Hello", 1), await standard("Hello again", 2)];
  await log.add(...messages);
  const { box } = await person("bob");
  const check = (shown: readonly WireMessage[]): Promise<ProofReport> => box.run("checkProofs", { proofs: log.proofs(), messages: shown });
  assert.deepEqual(states(await check(messages)), ["sealed", "sealed"]);
  const shownOtherwise = { ...messages[0]!, text: "Bye" };
  assert.deepEqual(failed(await check([shownOtherwise, messages[1]!])), [["text"], []]);
  const rewritten = { ...shownOtherwise, body: toBase64(new TextEncoder().encode('{"text":"Bye"}')) };
  assert.deepEqual(failed(await check([rewritten, messages[1]!])), [["commitment"], []]);
  assert.deepEqual(failed(await check([{ ...messages[0]!, text: null, damaged: true, body: "" }, messages[1]!]))[1], []);
  assert.deepEqual(failed(await check([{ ...messages[0]!, text: null, damaged: true, body: "" }, messages[1]!]))[0], ["text", "commitment"]);
});

test("every field of a message that was changed afterwards is named", async () => {
  const { log, check, messages } = await world();
  const [first, ...rest] = messages as [WireMessage, ...WireMessage[]];
  const flip = (data: string, at: number): string => toBase64(fromBase64(data).map((byte, index) => (index === at ? byte ^ 1 : byte)));
  const changes: Partial<WireMessage>[] = [
    { sender: userOf("bob") },
    { conversation: uuid7(NOW) },
    { mode: "standard", text: "one" },
    { seq: 7 },
    { header: flip(first.header, 223) },
    { header: flip(first.header, 0) },
    { body: flip(first.body, 9) },
    { signature: flip(first.signature!, 9) },
    { signature: null },
  ];
  for (const change of changes) {
    const report = await check(log.proofs(), [{ ...first, ...change }, ...rest]);
    assert.equal(report.items[0]!.state, "altered", JSON.stringify(change).slice(0, 60));
    assert.deepEqual(states(report).slice(1), ["sealed", "sealed"]);
  }
});

test("a false proof is named by the step that fails", async () => {
  const { log, check } = await world();
  const honest = log.proofs();
  const flip = (hex: string, at = 0): string => toHex(fromHex(hex).map((byte, index) => (index === at ? byte ^ 1 : byte)));
  const cases: [string, (item: WireProof) => Partial<WireProof>][] = [
    ["commitment", ({ salt }) => ({ salt: flip(salt!) })],
    ["commitment", () => ({ salt: "" })],
    ["commitment", ({ seq }) => ({ seq: seq + 1 })],
    ["commitment", () => ({ kind: 4 })],
    ["commitment", ({ entry }) => ({ entry: flip(entry, 39) })],
    ["commitment", () => ({ entry: honest.items[1]!.entry })],
    ["inclusion", ({ path }) => ({ path: path.with(0, flip(path[0]!)) })],
    ["inclusion", ({ path }) => ({ path: path.slice(1) })],
    ["inclusion", ({ path }) => ({ path: [...path, ZEROS] })],
    ["inclusion", ({ index }) => ({ index: index + 1 })],
    ["inclusion", () => ({ index: -1 })],
    ["inclusion", () => ({ index: 10_000 })],
    ["block", ({ block }) => ({ block: { ...block, number: block.number + 1 } })],
    ["block", () => ({ block: honest.items[2]!.block })],
    ["block", ({ block }) => ({ block: { ...block, header: flip(block.header, 147) } })],
    ["block", ({ block }) => ({ block: { ...block, header: block.header.slice(2) } })],
  ];
  for (const [name, change] of cases) {
    const report = await check(withItem(honest, change));
    assert.equal(report.items[0]!.state, "altered", name);
    assert.ok(failed(report)[0]!.includes(name), `${name}: ${failed(report)[0]}`);
    assert.deepEqual(states(report).slice(1), ["sealed", "sealed"]);
  }
});

test("a message that the answer passes over in silence is an alarm, one that it says to wait is not", async () => {
  const { log, check, messages } = await world();
  const honest = log.proofs();
  const [first, ...items] = honest.items as [WireProof, ...WireProof[]];
  const silent = await check({ ...honest, items });
  assert.deepEqual(silent.items.filter(({ state }) => state === "altered").map(({ message }) => message), [first.message]);
  assert.deepEqual(states(silent).filter((state) => state === "sealed").length, 2);
  assert.deepEqual(states(await check({ ...honest, items: [] })), ["altered", "altered", "altered"]);
  assert.deepEqual(states(await check({ ...honest, items, pending: [messages[0]!.seq] })), ["sealed", "sealed"]);
});

test("a time of receipt that was changed afterwards is noticed", async () => {
  const log = new Log();
  const readable = await standard("Hello", 1);
  await log.add(readable);
  const { box } = await person("bob");
  const moved = { ...readable, received_ms: readable.received_ms + 1 };
  const late = await box.run("checkProofs", { proofs: log.proofs(), messages: [moved] });
  assert.deepEqual(failed(late), [["commitment"]]);

  const { log: sealedLog, check, messages } = await world();
  const [first, ...rest] = messages as [WireMessage, ...WireMessage[]];
  const hour = { ...first, received_ms: first.received_ms + 3_600_000 };
  assert.deepEqual(failed(await check(sealedLog.proofs(), [hour, ...rest])), [["commitment"], [], []]);
});

test("the newest block's tree must be the signed one", async () => {
  const { log, check, messages } = await world();
  const other = new Log();
  await other.add(messages[1]!, messages[0]!);
  await other.add(messages[2]!);
  const honest = log.proofs();
  const items = honest.items.map((item, index) => ({ ...item, block: other.proofs().items[index]!.block }));
  assert.deepEqual(failed(await check({ ...honest, items })), [[], [], ["block"]]);
});

test("a log that became shorter, forked or changed its key raises an alarm and is not pinned", async () => {
  const { bob, log, check, messages } = await world();
  const key = (await import("node:crypto")).generateKeyPairSync("ed25519");
  const mine = new Log("beyou.example/ledger", key);
  const forked = new Log("beyou.example/ledger", key);
  await mine.add(messages[0]!, messages[1]!);
  await forked.add(messages[1]!, messages[0]!);
  await check(mine.proofs());
  const before = await bob.box.run("pinned", {});

  assert.equal((await check(mine.proofs(0, mine.size - 1))).alarm, "rollback");
  assert.equal((await check(forked.proofs(mine.size))).alarm, "fork");
  await forked.add(messages[2]!);
  assert.equal((await check(forked.proofs(mine.size))).alarm, "fork");
  assert.equal((await check(log.proofs())).alarm, "key_changed");
  await mine.add(messages[2]!);
  assert.equal((await check({ ...mine.proofs(before!.size), consistency: [] })).alarm, "fork");
  assert.equal((await check({ ...mine.proofs(before!.size), consistency: ["not hex"] })).alarm, "fork");
  assert.equal((await check({ ...mine.proofs(before!.size), checkpoint: "" })).alarm, "bad_checkpoint");
  assert.deepEqual(await bob.box.run("pinned", {}), before);
  const report = await check(mine.proofs(before!.size));
  assert.deepEqual([report.alarm, report.pinned?.size], [null, mine.size]);
});

test("a checkpoint with a wrong or no signature, or of another log, is refused", async () => {
  const { log, check } = await world();
  const honest = log.proofs();
  const [, size, root] = honest.checkpoint.split("\n") as [string, string, string];
  const bigger = honest.checkpoint.replace(`\n${size}\n`, `\n${Number(size) + 1}\n`);
  const signatureAt = honest.checkpoint.length - 10;
  const broken = honest.checkpoint.slice(0, signatureAt) + (honest.checkpoint[signatureAt] === "A" ? "B" : "A") + honest.checkpoint.slice(signatureAt + 1);
  for (const checkpoint of [bigger, broken, honest.checkpoint.replace(root, toBase64(fromHex(ZEROS)))]) {
    assert.equal((await check({ ...honest, checkpoint })).alarm, "bad_signature");
  }
  for (const checkpoint of ["", "nothing", `${honest.checkpoint}more`, honest.checkpoint.replace("beyou.example", "other.example")]) {
    assert.equal((await check({ ...honest, checkpoint })).alarm, "bad_checkpoint", checkpoint);
  }
  const stranger = new Log(log.name);
  assert.equal((await check({ ...honest, vkey: stranger.vkey })).alarm, "bad_signature");
  assert.equal((await check({ ...honest, vkey: "none" })).alarm, "bad_checkpoint");
});

test("what cannot be compared here is not called sealed", async () => {
  const { log, messages } = await world();
  const stranger = await person("bob");
  const unread = await stranger.box.run("checkProofs", { proofs: log.proofs(), messages });
  assert.deepEqual(states(unread), ["unchecked", "unchecked", "unchecked"]);
  const unseen = await stranger.box.run("checkProofs", { proofs: log.proofs(), messages: [] });
  assert.deepEqual(states(unseen), ["unchecked", "unchecked", "unchecked"]);
});

test("an instance without a block has nothing to prove, but not after it had one", async () => {
  const { log, check } = await world();
  const empty: WireProofs = { checkpoint: "", vkey: log.vkey, consistency: [], items: [], pending: [1, 2] };
  assert.deepEqual(await check(empty), { alarm: null, steps: [], items: [], pending: [1, 2], pinned: null });
  await check(log.proofs());
  assert.equal((await check(empty)).alarm, "bad_checkpoint");
});

interface LedgerVectors {
  readonly openings: readonly Record<string, string & number>[];
  readonly headers: readonly Record<string, string & number>[];
  readonly removals: readonly { number: number; at_ms: string; target: string; words: string; salt: string; entry: string }[];
  readonly checkpoint: { readonly vkey: string; readonly size: number; readonly root: string; readonly note: string };
  readonly tree: {
    readonly roots: Readonly<Record<string, string>>;
    readonly inclusion: readonly { size: number; index: number; leaf: string; path: string[] }[];
    readonly consistency: readonly { old: number; new: number; path: string[] }[];
  };
}

test("the bytes are those of Python", async () => {
  const { openings, headers, removals, checkpoint, tree } = readVectors<LedgerVectors>("ledger.json");
  for (const each of openings) {
    const bytes = (name: string) => fromHex(each[name]!);
    const encoded = encodeOpening({
      mode: each["mode"]!, flags: each["flags"]!, message: each["message"]!, conversation: each["conversation"]!, sender: each["sender"]!,
      convSeq: BigInt(each["conv_seq"]!), createdMs: BigInt(each["created_ms"]!), refSeq: BigInt(each["ref_seq"]!),
      body: bytes("body"), signature: bytes("signature"), media: bytes("media"),
    });
    assert.equal(toHex(encoded), each["encoded"]);
    const entry = encodeEntry({ kind: 1, value: await commitment(bytes("salt"), encoded) });
    assert.equal(toHex(entry), each["entry"]);
    assert.equal(toHex(parseEntry(entry).value), each["commitment"]);
    assert.equal(toHex(await leafHash(entry)), each["leaf_hash"]);
  }
  for (const { number, at_ms, target, words, salt, entry } of removals) {
    const value = await removalValue(fromHex(salt), { number, atMs: BigInt(at_ms), target: fromHex(target), words });
    assert.equal(toHex(encodeEntry({ kind: KIND_REMOVAL, value })), entry);
  }
  for (const each of headers) {
    const header = parseBlockHeader(fromHex(each["encoded"]!));
    assert.deepEqual([header.index, header.treeSize, header.leafCount].map(String), [each["index"], each["tree_size"], each["leaf_count"]].map(String));
    const hash = await blockHash(fromHex(each["encoded"]!));
    assert.deepEqual([toHex(hash), leadingZeroBits(hash)], [each["hash"], each["leading_zero_bits"]]);
  }
  for (const { size, index, leaf, path } of tree.inclusion) {
    const root = await rootFromInclusion(fromHex(leaf), index, size, path.map((hash) => fromHex(hash)));
    assert.equal(toHex(root), tree.roots[size], `${index} of ${size}`);
  }
  for (const { old, new: size, path } of tree.consistency) {
    const roots = [tree.roots[old], tree.roots[size]].map((root) => fromHex(root!)) as [ReturnType<typeof fromHex>, ReturnType<typeof fromHex>];
    const proof = path.map((hash) => fromHex(hash));
    assert.ok(await verifyConsistency(old, size, ...roots, proof), `${old} to ${size}`);
    if (old < size) assert.ok(!(await verifyConsistency(old, size, roots[1], roots[0], proof)));
    if (proof.length > 0) assert.ok(!(await verifyConsistency(old, size, ...roots, proof.slice(1))));
  }
  const key = await parseVerifierKey(checkpoint.vkey);
  assert.ok(await isSignedBy(checkpoint.note, key, ed25519Verify));
  const parsed = parseCheckpoint(splitNote(checkpoint.note).text);
  assert.deepEqual([parsed.size, toHex(parsed.root)], [checkpoint.size, checkpoint.root]);
});

// Erasure.

/** Alice erased her account: her first message is gone, the others (for the test's sake) are not. */
async function erasedWorld(how: { day?: number; reason?: number; isSealed?: boolean } = {}): Promise<World & { gone: readonly string[]; blank: WireMessage[] }> {
  const made = await world();
  await made.log.erase(made.messages[0]!.id, how);
  const blank = made.messages.map((message, at) => (at === 0 ? { ...message, header: "", body: "", signature: null, wraps: [], erased: true } : message));
  const gone = [made.messages[0]!.sender];
  return { ...made, blank, gone, check: (proofs, shown = blank) => made.bob.box.run("checkProofs", { proofs, messages: shown, gone }) };
}

test("an erased message is no alarm, its neighbours are sealed, and its text leaves this browser", async () => {
  const { bob, log, check, messages } = await erasedWorld();
  const { id } = messages[0]!;
  assert.deepEqual(await bob.box.run("readCache", { ids: [id] }), { [id]: "one" });
  const report = await check(log.proofs());
  assert.deepEqual([report.alarm, states(report)], [null, ["erased", "sealed", "sealed"]]);
  assert.equal(report.items[0]!.erasedMs, 20_000 * 86_400_000);
  assert.deepEqual(await bob.box.run("readCache", { ids: [id] }), { [id]: null });
});

test("a page that was open while it was erased learns it from the proof", async () => {
  const { log, check, messages } = await erasedWorld();
  assert.deepEqual(states(await check(log.proofs(), messages)), ["erased", "sealed", "sealed"]);
});

test("an erasure that waits for its seal is not believed yet", async () => {
  const { bob, log, check, messages } = await erasedWorld({ isSealed: false });
  assert.deepEqual(states(await check(log.proofs())), ["unchecked", "sealed", "sealed"]);
  assert.equal((await bob.box.run("readCache", { ids: [messages[0]!.id] }))[messages[0]!.id], "one");
});

const PRETENDED: Record<string, (item: WireProof, other: WireProof) => Partial<WireProof>> = {
  "without a record": () => ({ erasure: null }),
  "with the salt still there": () => ({ salt: "11".repeat(32) }),
  "with another day": (item) => ({ erasure: { ...item.erasure!, day: 1 } }),
  "with another reason": (item) => ({ erasure: { ...item.erasure!, reason: 2 } }),
  "with a signature of nobody": (item) => ({ erasure: { ...item.erasure!, signature: "00".repeat(64) } }),
  "with a signature that is none": (item) => ({ erasure: { ...item.erasure!, signature: "zz" } }),
  "with another entry as its seal": (item, other) => ({ erasure: { ...item.erasure!, seal: other } }),
  "with a seal out of the tree": (item) => ({ erasure: { ...item.erasure!, seal: { ...item.erasure!.seal!, path: [] } } }),
  "with a seal from before": (item) => ({ erasure: { ...item.erasure!, seal: { ...item.erasure!.seal!, index: 0 } } }),
};

for (const [how, change] of Object.entries(PRETENDED)) {
  test(`a message cut out ${how} is an alarm`, async () => {
    const { bob, log, check, messages } = await erasedWorld();
    const proofs = log.proofs();
    const report = await check(withItem(proofs, (item) => change(item, proofs.items[1]!)));
    assert.deepEqual(states(report), ["altered", "sealed", "sealed"]);
    assert.deepEqual(failed(report)[0], ["erasure"]);
    assert.equal((await bob.box.run("readCache", { ids: [messages[0]!.id] }))[messages[0]!.id], "one");
  });
}

test("nobody is erased whose account is still there", async () => {
  const { bob, log, blank } = await erasedWorld();
  const report = await bob.box.run("checkProofs", { proofs: log.proofs(), messages: blank, gone: [] });
  assert.deepEqual(failed(report)[0], ["erasure"]);
});

test("the erasure of one message is not that of another", async () => {
  const { log, check, blank } = await erasedWorld();
  const proofs = log.proofs();
  const { erasure } = proofs.items[0]!;
  const moved = { ...proofs, items: proofs.items.map((item) => ({ ...item, salt: null, erasure: erasure! })) };
  const all = blank.map((message) => ({ ...message, header: "", body: "", signature: null, erased: true }));
  assert.deepEqual(states(await check(moved, all)), ["erased", "altered", "altered"]);
});

// Removal by the staff.

type RemovedWorld = World & { blank: WireMessage[]; shown(): Promise<WireProofs> };

/** The staff removed the first message of alice; its bytes are withheld, and what was sealed of it is shown. */
async function removedWorld(how: { words?: string; isSealed?: boolean } = {}): Promise<RemovedWorld> {
  const made = await world();
  const { id } = made.messages[0]!;
  await made.log.remove(id, how);
  const removed = { reason: "Harassment", at_ms: 1_790_000_100_000 };
  const blank = made.messages.map((message, at) => (at === 0 ? { ...message, header: "", body: "", signature: null, wraps: [], removed } : message));
  const opening = await made.log.opening(id);
  const shown = async (): Promise<WireProofs> => withItem(made.log.proofs(), () => ({ opening }));
  return { ...made, blank, shown, check: (proofs, messages = blank) => made.bob.box.run("checkProofs", { proofs, messages }) };
}

test("a removed message is proven with its removal, by the staff and why, and its text leaves this browser", async () => {
  const { bob, check, messages, shown } = await removedWorld();
  const { id } = messages[0]!;
  assert.deepEqual(await bob.box.run("readCache", { ids: [id] }), { [id]: "one" });
  const report = await check(await shown());
  assert.deepEqual([report.alarm, states(report)], [null, ["removed", "sealed", "sealed"]]);
  assert.deepEqual(report.items[0]!.steps.map(({ name, state }) => [name, state]), [["removal", "ok"], ["commitment", "ok"], ["inclusion", "ok"], ["block", "ok"]]);
  assert.deepEqual(report.items[0]!.removal, { reason: "Harassment", removedMs: 1_790_000_100_000, backMs: null });
  assert.deepEqual(await bob.box.run("readCache", { ids: [id] }), { [id]: null });
});

test("a page that was open while it was removed learns it from the proof", async () => {
  const { check, messages, shown } = await removedWorld();
  assert.deepEqual(states(await check(await shown(), messages)), ["removed", "sealed", "sealed"]);
});

test("put back, it opens again and is sealed as before, and the proof still says what happened", async () => {
  const { bob, log, check, messages, shown } = await removedWorld();
  await check(await shown());
  await log.remove(messages[0]!.id, { words: "" });
  const [opened] = await open(bob, messages);
  assert.deepEqual([opened!.text, opened!.problems], ["one", []]);
  const { size } = (await bob.box.run("pinned", {}))!;
  const report = await check(log.proofs(size), messages);
  assert.deepEqual(states(report), ["sealed", "sealed", "sealed"]);
  assert.deepEqual(report.items[0]!.steps.map(({ name, state }) => [name, state]), [["removal", "ok"], ["text", "ok"], ["commitment", "ok"], ["inclusion", "ok"], ["block", "ok"]]);
  assert.deepEqual(report.items[0]!.removal, { reason: "Harassment", removedMs: 1_790_000_100_000, backMs: 1_790_000_100_001 });
});

test("the removal of a readable message is proven in the same way", async () => {
  const log = new Log();
  const messages = [await standard("Hello", 1), await standard("Hello again", 2)];
  await log.add(...messages);
  await log.remove(messages[0]!.id);
  const opening = await log.opening(messages[0]!.id);
  const blank: WireMessage = { ...messages[0]!, header: "", body: "", text: null, removed: { reason: "Harassment", at_ms: NOW } };
  const { box } = await person("bob");
  const proofs = withItem(log.proofs(), () => ({ opening }));
  assert.deepEqual(states(await box.run("checkProofs", { proofs, messages: [blank, messages[1]!] })), ["removed", "sealed"]);
});

test("a removal that waits for its seal is not believed yet", async () => {
  const { bob, check, messages, shown } = await removedWorld({ isSealed: false });
  const report = await check(await shown());
  assert.deepEqual([states(report), report.items[0]!.waits], [["unchecked", "sealed", "sealed"], true]);
  assert.equal((await bob.box.run("readCache", { ids: [messages[0]!.id] }))[messages[0]!.id], "one");
});

const WITHHELD: Record<string, readonly [string, (item: WireProof, other: WireProof) => Partial<WireProof>]> = {
  "without a record": ["removal", () => ({ removals: [] })],
  "with words of the server's own": ["removal", (item) => ({ removals: [{ ...item.removals![0]!, words: "Spam" }] })],
  "with another time": ["removal", (item) => ({ removals: [{ ...item.removals![0]!, at_ms: 1 }] })],
  "with another salt": ["removal", (item) => ({ removals: [{ ...item.removals![0]!, salt: "11".repeat(32) }] })],
  "with the removal of another message": ["removal", (item, other) => ({ removals: [{ ...item.removals![0]!, target: other.entry.slice(16) }] })],
  "with one removal left out": ["removal", (item) => ({ removals: [{ ...item.removals![0]!, number: 3 }] })],
  "with a signature of nobody": ["removal", (item) => ({ removals: [{ ...item.removals![0]!, signature: "00".repeat(64) }] })],
  "with a signature that is none": ["removal", (item) => ({ removals: [{ ...item.removals![0]!, signature: "zz" }] })],
  "with another entry as its seal": ["removal", (item, other) => ({ removals: [{ ...item.removals![0]!, seal: other }] })],
  "with a seal out of the tree": ["removal", (item) => ({ removals: [{ ...item.removals![0]!, seal: { ...item.removals![0]!.seal!, path: [] } }] })],
  "with a seal from before": ["removal", (item) => ({ removals: [{ ...item.removals![0]!, seal: { ...item.removals![0]!.seal!, index: 0 } }] })],
  "without what was sealed of it": ["commitment", () => ({ opening: null })],
  "with something else as what was sealed": ["commitment", (item) => ({ opening: `${item.opening!.slice(0, -2)}ff` })],
};

for (const [how, [name, change]] of Object.entries(WITHHELD)) {
  test(`a message withheld ${how} is an alarm`, async () => {
    const { bob, check, messages, shown } = await removedWorld();
    const proofs = await shown();
    const report = await check(withItem(proofs, (item) => change(item, proofs.items[1]!)));
    assert.deepEqual(states(report), ["altered", "sealed", "sealed"]);
    assert.deepEqual(failed(report)[0], [name]);
    assert.equal((await bob.box.run("readCache", { ids: [messages[0]!.id] }))[messages[0]!.id], "one");
  });
}

test("what was sealed of one message does not stand for another, nor a reason of the page's own for that of the ledger", async () => {
  const { log, check, blank, messages, shown } = await removedWorld();
  const other = await log.opening(messages[1]!.id);
  assert.deepEqual(failed(await check(withItem(await shown(), () => ({ opening: other }))))[0], ["commitment"]);
  const lying = blank.map((message, at) => (at === 0 ? { ...message, removed: { reason: "Spam", at_ms: 1 } } : message));
  assert.deepEqual(failed(await check(await shown(), lying))[0], ["removal"]);
});

test("what was put back may not be withheld any more", async () => {
  const { log, check, messages } = await removedWorld();
  await log.remove(messages[0]!.id, { words: "" });
  const opening = await log.opening(messages[0]!.id);
  const report = await check(withItem(log.proofs(), () => ({ opening })));
  assert.deepEqual(failed(report)[0], ["removal"]);
});

test("an opening of another length or with flags is none", () => {
  assert.throws(() => parseOpening(new Uint8Array(170)));
  assert.throws(() => parseOpening(new Uint8Array(171).fill(1)));
});
