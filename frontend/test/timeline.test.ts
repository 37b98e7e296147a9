import assert from "node:assert/strict";
import { test } from "node:test";
import { type Bubble, isAltered, isDowngrade, isLate, Timeline } from "../pure/timeline.ts";

const NOON = Date.UTC(2026, 10, 3, 12);
const id = (number: number): string => `0190a000-0000-7000-8000-${String(number).padStart(12, "0")}`;

function bubble(seq: number | null, changes: Partial<Bubble> = {}): Bubble {
  return {
    id: id(seq ?? 999),
    seq,
    mine: false,
    mode: "end_to_end",
    text: `text ${seq}`,
    original: null,
    time: NOON + (seq ?? 500) * 1000,
    problems: [],
    seal: "pending",
    proof: null,
    sending: seq === null ? { state: "queued" } : null,
    wire: null,
    ...changes,
  };
}

function timeline(from: number, to: number): Timeline {
  const made = new Timeline();
  made.restart(from, from - 1);
  made.place(Array.from({ length: to - from + 1 }, (_, index) => bubble(from + index)));
  return made;
}

const numbers = (made: Timeline): (number | null)[] => made.shown.map(({ seq }) => seq);
const kinds = (made: Timeline, unread = 0): string[] => made.rows(unread).map(({ kind }) => kind);

test("messages stand in the order of their numbers, each once, however they arrive", () => {
  const made = timeline(1, 3);
  made.place([bubble(5), bubble(4), bubble(5), bubble(2)]);
  assert.deepEqual(numbers(made), [1, 2, 3, 4, 5]);
  assert.equal(made.isAtEnd, true);
});

test("a message ahead of others waits behind the hole until the server has answered for it", () => {
  const made = timeline(1, 3);
  made.place([bubble(6)]);
  assert.equal(made.hole, 3);
  assert.deepEqual(numbers(made), [1, 2, 3]);
  made.place([bubble(4), bubble(5)]);
  assert.equal(made.hole, null);
  assert.deepEqual(numbers(made), [1, 2, 3, 4, 5, 6]);
});

test("a number that the server leaves out is shown as missing, at its place", () => {
  const made = timeline(1, 2);
  made.place([bubble(5)]);
  made.answered(3, 5);
  assert.deepEqual(made.rows(0).filter((row) => row.kind === "missing"), [{ kind: "missing", key: "missing 3", from: 3, to: 4 }]);
  assert.deepEqual(kinds(made), ["day", "bubble", "bubble", "missing", "bubble"]);
  made.answered(6, 7);
  assert.deepEqual(kinds(made).slice(-1), ["missing"]);
});

test("ranges that do not touch are refused: between them a message could vanish unseen", () => {
  const made = timeline(10, 12);
  assert.throws(() => made.answered(14, 15), RangeError);
  assert.throws(() => made.answered(1, 8), RangeError);
  made.answered(1, 9);
  assert.equal(made.from, 1);
});

test("an accepted message takes the place of its waiting bubble", () => {
  const made = timeline(1, 2);
  made.wait(bubble(null, { id: id(3), mine: true }));
  assert.equal(made.waiting.length, 1);
  made.place([bubble(3, { mine: true })]);
  assert.equal(made.waiting.length, 0);
  assert.deepEqual(numbers(made), [1, 2, 3]);
  made.wait(bubble(null, { id: id(3), mine: true }));
  assert.equal(made.waiting.length, 0);
});

test("what waits stands last, oldest first, and is hidden while newer messages are not loaded", () => {
  const made = timeline(1, 2);
  made.wait(bubble(null, { id: id(902), time: NOON + 2 }));
  made.wait(bubble(null, { id: id(901), time: NOON + 1 }));
  assert.deepEqual(made.waiting.map((waiting) => waiting.id), [id(901), id(902)]);
  made.reached(9);
  assert.equal(kinds(made).filter((kind) => kind === "bubble").length, 2);
});

test("what is known of a message is not lost when a poorer copy arrives", () => {
  const made = timeline(1, 1);
  const wire = { damaged: false, erased: false, removed: null } as Bubble["wire"];
  made.place([bubble(1, { wire, seal: "sealed" })]);
  made.place([bubble(1)]);
  assert.equal(made.find(id(1))?.seal, "sealed");
  made.change(id(1), { seal: "altered" });
  assert.equal(made.find(id(1))?.seal, "altered");
});

test("trimming lets go of one end and can be undone by asking again", () => {
  const made = timeline(1, 10);
  made.trim(4, "newest");
  assert.deepEqual(numbers(made), [1, 2, 3, 4]);
  assert.equal(made.isAtEnd, false);
  made.place([bubble(5)]);
  assert.deepEqual(numbers(made), [1, 2, 3, 4, 5]);
  made.trim(2, "oldest");
  assert.deepEqual(numbers(made), [4, 5]);
  assert.equal(made.from, 4);
});

test("days, the unread line, the change of mode and turns are marked once", () => {
  const made = new Timeline();
  const day = 24 * 3600_000;
  made.place([
    bubble(1, { mode: "standard" }),
    bubble(2, { mode: "standard" }),
    bubble(3, { time: NOON + day }),
    bubble(4, { time: NOON + day + 1, mine: true }),
    bubble(5, { time: NOON + day + 2, mine: true }),
    bubble(6, { time: NOON + day + 3_600_000, mine: true }),
  ]);
  assert.deepEqual(kinds(made, 4), ["day", "bubble", "bubble", "day", "mode", "bubble", "unread", "bubble", "bubble", "bubble"]);
  const turns = made.rows(0).flatMap((row) => (row.kind === "bubble" ? [row.turn] : []));
  assert.deepEqual(turns, [true, false, true, true, false, true]);
});

test("only what speaks of an attack is an alarm", () => {
  const problem = (code: string) => [{ code, fatal: true, detail: "" }] as unknown as Bubble["problems"];
  assert.equal(isAltered(bubble(1)), false);
  assert.equal(isAltered(bubble(1, { problems: problem("no_keys") })), false);
  assert.equal(isAltered(bubble(1, { problems: problem("signature") })), true);
  assert.equal(isAltered(bubble(1, { problems: problem("gap") })), true);
  assert.equal(isAltered(bubble(1, { seal: "altered" })), true);
  assert.equal(isAltered(bubble(1, { wire: { damaged: true } as Bubble["wire"] })), true);
});

test("who only misses an altered or missing predecessor is not blamed", () => {
  const problem = (code: string) => [{ code, fatal: false, detail: "" }] as unknown as Bubble["problems"];
  const follower = bubble(3, { problems: problem("gap") });
  const made = timeline(1, 2);
  made.place([follower]);
  assert.equal(made.isAlarm(follower), true);
  made.change(id(2), { seal: "altered" });
  assert.equal(made.isAlarm(follower), false);
  made.change(id(2), { seal: "altered", mine: true });
  assert.equal(made.isAlarm(follower), true);
  assert.equal(made.isAlarm(made.find(id(2))!), true);

  const holed = timeline(1, 1);
  holed.answered(2, 3);
  holed.place([follower]);
  assert.equal(holed.isAlarm(follower), false);
  assert.equal(holed.isAlarm({ ...follower, seal: "altered" }), true);
});

test("a readable message after an encrypted one is a downgrade", () => {
  assert.equal(isDowngrade(bubble(3, { mode: "standard" }), 2), true);
  assert.equal(isDowngrade(bubble(1, { mode: "standard" }), 2), false);
  assert.equal(isDowngrade(bubble(3, { mode: "standard" }), 0), false);
});

test("an accepted message that is not sealed within a minute is late", () => {
  assert.equal(isLate(bubble(1), NOON + 60_000), false);
  assert.equal(isLate(bubble(1), NOON + 62_000), true);
  assert.equal(isLate(bubble(1), NOON - 11 * 60_000), true, "a time in the future must not put it off");
  assert.equal(isLate(bubble(1, { seal: "sealed" }), NOON + 62_000), false);
  assert.equal(isLate({ ...bubble(1), seq: null }, NOON + 62_000), false);
});
