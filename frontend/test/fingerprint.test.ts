import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { fingerprint, safetyNumber } from "../pure/fingerprint.ts";

const keys = (user: number, seed: string) => ({
  user: `0190a000-0000-7000-8000-00000000000${user}`,
  encKeyId: createHash("sha256").update(`${seed} enc`).digest("hex"),
  sigKeyId: createHash("sha256").update(`${seed} sig`).digest("hex"),
});

test("a fingerprint is the start of the hash over both key ids", async () => {
  const { encKeyId, sigKeyId } = keys(1, "alice");
  const expected = createHash("sha256").update(Buffer.from(encKeyId + sigKeyId, "hex")).digest("hex").slice(0, 32);
  const shown = await fingerprint(encKeyId, sigKeyId);
  assert.equal(shown.replaceAll(/[ ·]/g, ""), expected);
  assert.match(shown, /^([0-9a-f]{4} ){4}· [0-9a-f]{4}( [0-9a-f]{4}){3}$/);
});

test("both sides see one safety number, sixty digits long", async () => {
  const [alice, bob] = [keys(1, "alice"), keys(2, "bob")];
  const number = await safetyNumber(alice, bob);
  assert.deepEqual(await safetyNumber(bob, alice), number);
  assert.equal(number.length, 12);
  for (const group of number) assert.match(group, /^\d{5}$/);
});

test("another key, or the same key of another member, gives another number", async () => {
  const [alice, bob] = [keys(1, "alice"), keys(2, "bob")];
  const number = (await safetyNumber(alice, bob)).join("");
  for (const other of [keys(2, "mallory"), { ...bob, sigKeyId: alice.sigKeyId }, { ...bob, user: keys(3, "").user }]) {
    assert.notEqual((await safetyNumber(alice, other)).join(""), number);
  }
});
