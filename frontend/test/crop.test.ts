// The square that is kept lies within the picture, whatever somebody does to it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CENTRE, dragged, fitted, mostZoom, squareOf, zoomed, type Choice } from "../pure/crop.ts";

const inside = (choice: Choice, width: number, height: number): void => {
  const { left, top, side } = squareOf(choice, width, height);
  assert.ok(side > 0 && left >= -1e-9 && top >= -1e-9, JSON.stringify(choice));
  assert.ok(left + side <= width + 1e-9 && top + side <= height + 1e-9, JSON.stringify(choice));
};

test("at first the largest square in the middle is kept", () => {
  assert.deepEqual(squareOf(CENTRE, 400, 200), { left: 100, top: 0, side: 200 });
  assert.deepEqual(squareOf(CENTRE, 200, 400), { left: 0, top: 100, side: 200 });
});

test("drawing the picture to the right shows more of its left", () => {
  const choice = dragged(CENTRE, 400, 200, 0.25, 0);
  assert.deepEqual(squareOf(choice, 400, 200), { left: 50, top: 0, side: 200 });
  assert.equal(squareOf(dragged(CENTRE, 400, 200, 9, 9), 400, 200).left, 0);
  assert.equal(squareOf(dragged(CENTRE, 400, 200, -9, -9), 400, 200).left, 200);
});

test("zooming keeps the middle where it is", () => {
  const choice = zoomed({ zoom: 1, x: 0.25, y: 0.5 }, 400, 200, 2);
  assert.deepEqual(squareOf(choice, 400, 200), { left: 100, top: 50, side: 100 });
});

test("nothing is zoomed beyond what the server takes", () => {
  assert.equal(mostZoom(4000, 3000), 5);
  assert.equal(mostZoom(128, 400), 2);
  assert.equal(mostZoom(10, 10), 1);
  assert.equal(fitted({ zoom: 99, x: -1, y: 2 }, 128, 400).zoom, 2);
});

test("no sequence of steps leaves the picture", () => {
  let seed = 7;
  const chance = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;
  for (let picture = 0; picture < 50; picture += 1) {
    const width = 64 + Math.floor(chance() * 4000);
    const height = 64 + Math.floor(chance() * 4000);
    let choice = CENTRE;
    for (let step = 0; step < 100; step += 1) {
      choice =
        chance() < 0.5
          ? dragged(choice, width, height, chance() * 4 - 2, chance() * 4 - 2)
          : zoomed(choice, width, height, chance() * 9);
      inside(choice, width, height);
    }
  }
});
