import assert from "node:assert/strict";
import { test } from "node:test";
import { advice, glare, greyOf, sharpness } from "../pure/quality.ts";

const SIDE = 200;

function picture(at: (x: number, y: number) => number): Uint8Array {
  const grey = new Uint8Array(SIDE * SIDE);
  for (let y = 0; y < SIDE; y += 1) for (let x = 0; x < SIDE; x += 1) grey[y * SIDE + x] = at(x, y);
  return grey;
}

const printed = picture((x, y) => ((x >> 2) + (y >> 3)) % 2 ? 40 : 210);
const look = (grey: Uint8Array, width = 1600): string => {
  return advice({ width, height: width, grey, greyWidth: SIDE }).join(" ");
};

test("a sharp picture of a document needs no advice", () => assert.equal(look(printed), ""));

test("a blurred, a dark and a small one each get theirs", () => {
  assert.match(look(picture((x) => 100 + x / 4)), /blurred/);
  assert.match(look(printed.map((value) => value / 5)), /dark/);
  assert.match(look(printed, 500), /small/);
});

test("a mirrored lamp is glare, white paper all over is not", () => {
  const lamp = picture((x, y) => (Math.hypot(x - 90, y - 90) < 35 ? 255 : (x >> 2) % 2 ? 40 : 200));
  assert.match(look(lamp), /mirrored/);
  assert.equal(glare(picture((x, y) => ((x + y) % 9 ? 255 : 0)), SIDE), 0);
});

test("grey values follow the eye", () => {
  assert.deepEqual([...greyOf(new Uint8ClampedArray([255, 255, 255, 255, 0, 255, 0, 255]))], [255, 149]);
});

test("an empty picture is not sharp and breaks nothing", () => {
  assert.equal(sharpness(new Uint8Array(0), 0), 0);
  assert.ok(advice({ width: 0, height: 0, grey: new Uint8Array(0), greyWidth: 0 }).length > 0);
});
