import assert from "node:assert/strict";
import { test } from "node:test";
import { concat, fromBase64, toBase64, toHex, uuid7 } from "../pure/bytes.ts";
import { bodyDigest, rosterHash } from "../pure/envelope.ts";
import { hmacSha256 } from "../pure/platform.ts";
import type { WireMessage, WireRoster } from "../pure/wire.ts";
import { Failure } from "../worker/failure.ts";
import { generatePair } from "../worker/rsa.ts";
import { boxOf, doubts, type Name, NONE, NOW, open, otherOf, person, seal, stored, talk, userOf, vectors } from "./people.ts";

const fails = (code: string) => (error: unknown) => error instanceof Failure && error.code === code;

function flipped(data: string, at: number): string {
  const bytes = fromBase64(data);
  bytes[at]! ^= 1 << at % 8;
  return toBase64(bytes);
}

const size = (data: string): number => fromBase64(data).length;

async function rosterWith(changes: (entries: WireRoster["entries"][number][]) => WireRoster["entries"]): Promise<WireRoster> {
  const entries = changes([...vectors.roster.entries]);
  const members = entries.map(({ user, device, encrypt_key_id: encryptKeyId }) => ({ user, device, encryptKeyId }));
  return { ...vectors.roster, entries, hash: await rosterHash(members), version: vectors.roster.version + 1 };
}

/** The roster after this member published other keys. */
async function rosterAfterRotation(name: Name): Promise<WireRoster> {
  const [encrypt, sign] = [await generatePair("encrypt"), await generatePair("sign")];
  const fresh = { encrypt_key_id: encrypt.id, encrypt_spki: toBase64(encrypt.spki), sign_key_id: sign.id, sign_spki: toBase64(sign.spki) };
  const old = vectors.roster.entries.find(({ user }) => user === userOf(name))!;
  const roster = await rosterWith((entries) => entries.map((each) => (each === old ? { ...each, ...fresh } : each)));
  return { ...roster, retired: [{ user: old.user, sign_key_id: old.sign_key_id, sign_spki: old.sign_spki }] };
}

test("opens what Python sealed, for the recipient and for the sender", async () => {
  for (const reader of [await person("bob"), await person("alice")]) {
    const messages = vectors.messages.map(({ draft, seq }) => stored(draft, seq, vectors.sender));
    const opened = await open(reader, messages);
    assert.deepEqual(opened.map(({ text }) => text), vectors.messages.map(({ text }) => text));
    assert.deepEqual(opened.flatMap(({ problems }) => problems), []);
  }
});

test("opens its own envelopes, and the cache answers without the server", async () => {
  const [alice, bob] = [await person("alice"), await person("bob")];
  const messages = await talk(alice, "one", "two", "three");
  const opened = await open(bob, messages);
  assert.deepEqual(opened.map(({ text, problems }) => [text, problems]), [["one", []], ["two", []], ["three", []]]);
  const ids = messages.map(({ id }) => id);
  const cached = await bob.box.run("readCache", { ids: [...ids, uuid7(NOW)] });
  assert.deepEqual(Object.values(cached), ["one", "two", "three", null]);
  const stored = JSON.stringify(bob.store.everything, (_, value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value));
  assert.ok(!stored.includes("three"));
});

test("discloses what the commitment proves, and nothing of what it cannot open", async () => {
  const [alice, bob] = [await person("alice"), await person("bob")];
  const [first, second] = await talk(alice, "Pure brass", "My PIN is 4711") as [WireMessage, WireMessage];
  const bad = { ...second, body: flipped(second.body, 5) };
  for (const reader of [alice, bob]) {
    const found = await reader.box.run("disclose", { messages: [first, bad], roster: vectors.roster });
    assert.deepEqual(found.map(({ id }) => id), [first.id]);
    const payload = fromBase64(found[0]!.payload);
    const header = fromBase64(first.header);
    const unsigned = header.slice();
    unsigned.fill(0, 224);
    assert.deepEqual(await hmacSha256(fromBase64(found[0]!.frank), concat(unsigned, payload)), header.slice(224));
    assert.ok(Buffer.from(payload).toString("utf8").includes("Pure brass"));
  }
});

test("refuses every flipped byte of header, body and signature", async () => {
  const [message] = await talk(await person("alice"), "Hello Bob") as [WireMessage];
  for (const part of ["header", "body", "signature"] as const) {
    for (let at = 0; at < size(message[part]!); at++) {
      // A fresh browser each time: nothing it read before may answer.
      const [opened] = await open(await person("bob"), [{ ...message, [part]: flipped(message[part]!, at) }]);
      assert.equal(opened!.text, null, `${part} ${at}`);
      assert.ok(opened!.problems.some(({ fatal }) => fatal), `${part} ${at}`);
    }
  }
});

test("refuses every flipped byte of a wrap", async () => {
  const [message] = await talk(await person("alice"), "Hello Bob") as [WireMessage];
  const mine = message.wraps.findIndex(({ device }) => device === vectors.keys.bob.key_set);
  const bob = await person("bob");
  for (let at = 0; at < size(message.wraps[mine]!.wrap); at++) {
    const wraps = message.wraps.with(mine, { ...message.wraps[mine]!, wrap: flipped(message.wraps[mine]!.wrap, at) });
    assert.deepEqual(await doubts(bob, { ...message, wraps }), ["wrap"], `wrap ${at}`);
  }
  assert.deepEqual(await doubts(bob, { ...message, wraps: message.wraps.toSpliced(mine, 1) }), ["wrap"]);
});

test("a wrap opens no other message of the same audience", async () => {
  const messages = await talk(await person("alice"), "one", "two");
  const swapped = { ...messages[1]!, wraps: messages[0]!.wraps };
  assert.deepEqual(await doubts(await person("bob"), swapped), ["wrap"]);
});

test("a message moved to another conversation, id, instance or sender is refused", async () => {
  const [message] = await talk(await person("alice"), "Hello Bob") as [WireMessage];
  const bob = await person("bob");
  assert.deepEqual(await doubts(bob, { ...message, conversation: uuid7(NOW) }), ["context"]);
  assert.deepEqual(await doubts(bob, { ...message, id: uuid7(NOW) }), ["context"]);
  assert.deepEqual(await doubts(bob, { ...message, sender: userOf("bob") }), ["context"]);
  assert.deepEqual(await doubts(await person("bob", { origin: "https://other.example" }), message), ["context"]);
});

test("a message sealed under another member's name is refused", async () => {
  // Bob's keys, alice's name: the server lets it through, the reader does not.
  const mallory = await person("bob", { user: userOf("alice") });
  const roster = await rosterWith((entries) =>
    entries.map((each) => ({ ...each, user: userOf(each.user === userOf("alice") ? "bob" : "alice") })),
  );
  const draft = (await mallory.box.run("seal", {
    conversation: vectors.conversation,
    message: uuid7(NOW),
    peer: userOf("bob"),
    text: "I am alice",
    createdMs: NOW,
    roster,
    last: NONE,
  })).draft;
  assert.deepEqual(await doubts(await person("bob"), stored(draft, 1, "alice")), ["key"]);
});

test("readable messages cannot pose as encrypted ones", async () => {
  const [message] = await talk(await person("alice"), "Hello Bob") as [WireMessage];
  const header = fromBase64(message.header);
  header[5] = 0;
  const bob = await person("bob");
  assert.deepEqual(await doubts(bob, { ...message, header: toBase64(header) }), ["suite"]);
  assert.deepEqual(await doubts(bob, { ...message, mode: "standard" }), ["suite"]);
});

test("a dropped message leaves a gap, also for a browser that saw none of it", async () => {
  const messages = await talk(await person("alice"), "one", "two", "three");
  const [first, , third] = messages as [WireMessage, WireMessage, WireMessage];
  // The server renumbers what follows to hide that it dropped one.
  const opened = await open(await person("bob"), [first, { ...third, seq: 2 }]);
  assert.deepEqual(opened[1]!.problems.map(({ code, fatal }) => [code, fatal]), [["gap", false]]);
  assert.equal(opened[1]!.text, "three");
  assert.deepEqual(await doubts(await person("bob"), { ...messages[1]!, seq: 1 }), ["gap"]);
});

test("history that is loaded later is no gap", async () => {
  const messages = await talk(await person("alice"), "one", "two", "three", "four");
  const bob = await person("bob");
  for (const part of [messages.slice(2), messages.slice(0, 2), messages]) {
    assert.deepEqual((await open(bob, part)).flatMap(({ problems }) => problems), []);
  }
});

test("reordered messages contradict their chain", async () => {
  const [one, two] = await talk(await person("alice"), "one", "two") as [WireMessage, WireMessage];
  const opened = await open(await person("bob"), [{ ...two, seq: 1 }, { ...one, seq: 2 }]);
  assert.ok(opened.some(({ problems }) => problems.some(({ code }) => code === "chain")));
});

test("a second message under the same counter is not shown", async () => {
  const alice = await person("alice");
  const bob = await person("bob");
  const first = stored((await seal(alice, "pay 10")).draft, 1, "alice");
  const second = stored((await seal(alice, "pay 1000")).draft, 2, "alice");
  await open(bob, [first]);
  const [opened] = await open(bob, [second]);
  assert.deepEqual([opened!.text, opened!.problems.map(({ code }) => code)], [null, ["repeat"]]);
});

test("another message put where one stood before is told", async () => {
  const messages = await talk(await person("alice"), "one", "two");
  const bob = await person("bob");
  await open(bob, messages);
  assert.deepEqual(await doubts(bob, { ...messages[0]!, seq: 2 }), ["chain"]);
  const foreign = stored((await seal(await person("bob"), "mine")).draft, 2, "bob");
  assert.deepEqual(await doubts(bob, foreign), ["chain"]);
});

test("a link to another predecessor is told", async () => {
  const alice = await person("alice");
  const first = (await seal(alice, "one")).draft;
  const second = (await seal(alice, "two", { counter: 1, prev: "ab".repeat(32) })).draft;
  const opened = await open(await person("bob"), [stored(first, 1, "alice"), stored(second, 2, "alice")]);
  assert.deepEqual(opened[1]!.problems.map(({ code }) => code), ["chain"]);
});

test("bytes that changed after they were read are told, with what was read", async () => {
  const [message] = await talk(await person("alice"), "the truth") as [WireMessage];
  const bob = await person("bob");
  await open(bob, [message]);
  for (const part of ["body", "signature"] as const) {
    const [opened] = await open(bob, [{ ...message, [part]: flipped(message[part]!, 40) }]);
    assert.deepEqual([opened!.text, opened!.original, opened!.problems.map(({ code }) => code)], [null, "the truth", ["changed", "signature"]]);
  }
  assert.deepEqual(Object.values(await bob.box.run("readCache", { ids: [message.id] })), ["the truth"]);
});

test("an own message is read from what was sent, and a server cannot replace it", async () => {
  const alice = await person("alice");
  const { draft } = await seal(alice, "as I wrote it");
  await alice.box.run("cacheText", { sealed: draft, text: "as I wrote it" });
  const [opened] = await open(alice, [stored(draft, 1, "alice", { wraps: [] })]);
  assert.deepEqual([opened!.text, opened!.problems], ["as I wrote it", []]);
  const other = { ...draft, body: flipped(draft.body, 3) };
  assert.deepEqual(await doubts(alice, stored(other, 1, "alice")), ["changed", "signature"]);
});

test("seals to exactly the two members of the conversation", async () => {
  const alice = await person("alice");
  const [mine, theirs] = vectors.roster.entries as [WireRoster["entries"][number], WireRoster["entries"][number]];
  const ghost = { ...theirs, user: uuid7(NOW), device: uuid7(NOW) };
  const second = { ...theirs, device: uuid7(NOW) };
  for (const entries of [[mine], [theirs], [mine, ghost], [mine, theirs, ghost], [mine, theirs, second], []]) {
    const roster = await rosterWith(() => entries);
    await assert.rejects(seal(alice, "secret", NONE, roster), fails("bad_roster"), `${entries.length} entries`);
  }
});

test("a roster whose ids do not belong to its keys is refused", async () => {
  const alice = await person("alice");
  const [mine, theirs] = vectors.roster.entries as [WireRoster["entries"][number], WireRoster["entries"][number]];
  const swapped = await rosterWith(() => [mine, { ...theirs, encrypt_spki: mine.encrypt_spki }]);
  await assert.rejects(seal(alice, "secret", NONE, swapped), fails("bad_roster"));
  const lying = { ...vectors.roster, hash: "00".repeat(32) };
  await assert.rejects(seal(alice, "secret", NONE, lying), fails("bad_roster"));
  await assert.rejects(open(alice, await talk(await person("bob"), "x"), lying), fails("bad_roster"));
});

test("a peer's new keys stop sending until the reader accepts them", async () => {
  const alice = await person("alice");
  await seal(alice, "first");
  const changed = await rosterAfterRotation("bob");
  await assert.rejects(seal(alice, "second", NONE, changed), fails("peer_key_changed"));
  const [before] = await alice.box.run("peers", {});
  const fresh = changed.entries.find(({ user }) => user === userOf("bob"))!;
  assert.equal(before!.changedTo?.encKeyId, fresh.encrypt_key_id);
  await alice.box.run("acceptPeer", { user: userOf("bob") });
  await seal(alice, "second", NONE, changed);
  // Back to the old keys is a change as well.
  await assert.rejects(seal(alice, "third", NONE, vectors.roster), fails("peer_key_changed"));
});

test("messages under a key the reader has not accepted are marked; retired ones it knew are not", async () => {
  const bob = await person("bob");
  const [message] = await talk(await person("alice"), "Hello Bob") as [WireMessage];
  await open(bob, []);
  const changed = await rosterAfterRotation("alice");
  assert.deepEqual(await doubts(bob, message, changed), []);
  const late = await person("bob");
  await open(late, [], await rosterWith((entries) => entries.map((each) => (each.user === userOf("alice") ? { ...each, sign_key_id: vectors.roster.entries[1]!.sign_key_id, sign_spki: vectors.roster.entries[1]!.sign_spki } : each))));
  assert.ok((await doubts(late, message)).includes("peer_key"));
});

test("own keys that the server exchanged stop sending", async () => {
  await assert.rejects(seal(await person("alice"), "secret", NONE, await rosterAfterRotation("alice")), fails("own_key_mismatch"));
});

test("another list of recipients than the signed one is told", async () => {
  const [message] = await talk(await person("alice"), "Hello Bob") as [WireMessage];
  const other = await rosterAfterRotation("bob");
  const sameVersion = { ...other, version: vectors.roster.version };
  assert.deepEqual(await doubts(await person("bob"), message, sameVersion), ["roster"]);
  assert.deepEqual(await doubts(await person("bob"), message, { ...vectors.roster, version: 1 }), ["roster"]);
});

test("without keys nothing is sealed or opened", async () => {
  const { store } = await person("alice");
  await store.wipe();
  const box = boxOf(store);
  const params = { conversation: vectors.conversation, message: uuid7(NOW), peer: userOf("bob"), text: "x", createdMs: NOW, roster: vectors.roster, last: NONE };
  await assert.rejects(box.run("seal", params), fails("no_keys"));
  await assert.rejects(box.run("open", { messages: [], roster: vectors.roster }), fails("no_keys"));
});

test("a text over the limit is refused and the limit itself is not", async () => {
  const alice = await person("alice");
  await assert.rejects(seal(alice, "x".repeat(65_537)), fails("too_long"));
  const { draft } = await seal(alice, "x".repeat(65_536));
  assert.equal((await open(await person("bob"), [stored(draft, 1, "alice")]))[0]!.text?.length, 65_536);
});

test("the chain of a sealed draft is the digest of its bytes", async () => {
  const { draft, chain } = await seal(await person("alice"), "one", { counter: 6, prev: "cd".repeat(32) });
  assert.equal(chain.counter, 7);
  assert.equal(chain.prev, toHex(await bodyDigest(fromBase64(draft.header), fromBase64(draft.body))));
});

test("malformed requests are refused by name", async () => {
  const { box } = await person("alice");
  await assert.rejects(box.run("prove", { signChallenge: "*", encryptChallenge: "" }), fails("bad_request"));
  await assert.rejects(box.run("toString" as never, {} as never), fails("bad_request"));
  await assert.rejects(seal(await person("alice"), "x", { counter: -2, prev: NONE.prev }), fails("bad_request"));
  assert.equal(otherOf("alice"), "bob");
});
