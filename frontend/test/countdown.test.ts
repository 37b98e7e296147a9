import assert from "node:assert/strict";
import { test } from "node:test";
import { clockOf, passed, READ_OUT, spoken } from "../pure/countdown.ts";

test("time is shown as minutes and seconds and never below zero", () => {
  assert.equal(clockOf(872.9), "14:32");
  assert.equal(clockOf(59), "0:59");
  assert.equal(clockOf(-3), "0:00");
});

test("each mark is read out once, and a page that slept says only the last", () => {
  const said: number[] = [];
  let before = 180;
  for (let left = 179.5; left > -2; left -= 0.5) {
    const mark = passed(before, left);
    if (mark !== undefined) said.push(mark);
    before = left;
  }
  assert.deepEqual(said, [...READ_OUT]);
  assert.equal(passed(500, 5), 10);
  assert.equal(passed(500, 200), undefined);
});

test("the words fit what is left", () => {
  assert.match(spoken(120), /Two minutes/);
  assert.equal(spoken(60), "One minute left.");
  assert.equal(spoken(10), "10 seconds left.");
  assert.match(spoken(0), /not held/);
});
