import assert from "node:assert/strict";
import { test } from "node:test";
import { strength } from "../pure/strength.ts";

test("a password grows from nothing to strong", () => {
  const levels = ["", "seven", "aaaaaaaaaaaa", "abcdefghijkl", "xkqzvbnmwr", "seven herons", "seven herons over the dyke"].map(
    (password) => strength(password, 10).level,
  );
  assert.deepEqual(levels, [0, 1, 1, 1, 2, 3, 4]);
});

test("what is missing is said", () => {
  assert.equal(strength("seven her", 10).words, "Too short: one more character.");
  assert.equal(strength("seven", 10).words, "Too short: 5 more characters.");
});

test("characters are counted, not code units", () => {
  assert.equal(strength("🦢".repeat(9), 10).level, 1);
});
