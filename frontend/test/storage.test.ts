import assert from "node:assert/strict";
import { test } from "node:test";
import { uuid7 } from "../pure/bytes.ts";
import type { OutboxItem } from "../worker/protocol.ts";
import { MemoryStore } from "./memory-store.ts";
import { boxOf, NOW, userOf, vectors } from "./people.ts";

const item = (createdMs: number, changes: Partial<OutboxItem> = {}): OutboxItem => ({
  id: uuid7(createdMs),
  conversation: vectors.conversation,
  text: `text of ${createdMs}`,
  createdMs,
  state: "queued",
  ...changes,
});

const written = (store: MemoryStore): string =>
  JSON.stringify(store.everything, (_, value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value));

test("the outbox outlives the page, oldest first, and never lies in plain text", async () => {
  const store = new MemoryStore();
  const box = boxOf(store);
  const items = [item(NOW + 2), item(NOW), item(NOW + 1, { state: "failed", problem: "too_long", conversation: uuid7(NOW) })];
  for (const each of items) await box.run("outbox.put", each);
  const again = boxOf(store);
  assert.deepEqual(await again.run("outbox.list", {}), [items[1], items[2], items[0]]);
  assert.deepEqual(await again.run("outbox.list", { conversation: vectors.conversation }), [items[1], items[0]]);
  assert.ok(!written(store).includes("text of"));
  await again.run("outbox.put", { ...items[1]!, state: "failed" });
  assert.deepEqual((await again.run("outbox.list", {})).map(({ state }) => state), ["failed", "failed", "queued"]);
  for (const { id } of items) await again.run("outbox.remove", { id });
  assert.deepEqual(await again.run("outbox.list", {}), []);
});

test("drafts are kept by conversation and removed when empty", async () => {
  const store = new MemoryStore();
  const box = boxOf(store);
  const other = uuid7(NOW);
  await box.run("draft.put", { conversation: other, text: "half a thought" });
  assert.equal(await boxOf(store).run("draft.get", { conversation: other }), "half a thought");
  assert.equal(await box.run("draft.get", { conversation: vectors.conversation }), "");
  assert.ok(!written(store).includes("thought"));
  await box.run("draft.put", { conversation: other, text: "" });
  assert.equal(await box.run("draft.get", { conversation: other }), "");
  assert.deepEqual(await store.list("drafts"), []);
});

test("rows of the database cannot be exchanged or altered", async () => {
  const store = new MemoryStore();
  const box = boxOf(store);
  const [a, b] = [uuid7(NOW), uuid7(NOW)];
  await box.run("draft.put", { conversation: a, text: "to bob" });
  await box.run("draft.put", { conversation: b, text: "to mallory" });
  await store.put("drafts", b, await store.get("drafts", a));
  await assert.rejects(box.run("draft.get", { conversation: b }));
});

test("wiping leaves nothing", async () => {
  const store = new MemoryStore();
  const box = boxOf(store);
  await box.run("generate", {});
  await box.run("activate", {});
  await box.run("outbox.put", item(NOW));
  await box.run("generate", {});
  await box.run("wipe", {});
  assert.deepEqual(store.everything, []);
  const status = await box.run("status", {});
  assert.deepEqual([status.keys, status.hasKeys, status.canExport, status.user], ["none", false, false, userOf("alice")]);
});
