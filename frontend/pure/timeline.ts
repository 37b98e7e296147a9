/**
 * What one conversation looks like: numbered messages without repeats, what waits to be sent, and the lines
 * between them. Knows no network, clock or page.
 */
import type { Problem, ProofResult } from "../worker/protocol.ts";
import type { Millis, Uuid, WireMessage, WireMode } from "./wire.ts";

/**
 * `pending`: not in a block yet; `late`: that for longer than any honest server takes; `unchecked`: a step could not
 * be done here; `erased`: its author erased their account, `removed`: the staff removed it, and the ledger proves
 * that; `altered`: an alarm.
 */
export type Seal = "pending" | "late" | "sealed" | "erased" | "removed" | "altered" | "unchecked";

export interface Sending {
  readonly state: "queued" | "failed";
  /** Why it failed, for a person. */
  readonly problem?: string;
}

export interface Bubble {
  readonly id: Uuid;
  /** Its number in the conversation; null until the server accepted it. */
  readonly seq: number | null;
  readonly mine: boolean;
  readonly mode: WireMode;
  readonly text: string | null;
  /** What this browser read before, when it reads something else now. */
  readonly original: string | null;
  readonly time: Millis;
  readonly problems: readonly Problem[];
  readonly seal: Seal;
  readonly proof: ProofResult | null;
  /** Null once accepted. */
  readonly sending: Sending | null;
  /** What the server sent; null until it did. */
  readonly wire: WireMessage | null;
}

export type Row =
  | { readonly kind: "day"; readonly key: string; readonly time: Millis }
  | { readonly kind: "unread"; readonly key: string }
  | { readonly kind: "mode"; readonly key: string }
  | { readonly kind: "missing"; readonly key: string; readonly from: number; readonly to: number }
  | { readonly kind: "bubble"; readonly key: string; readonly bubble: Bubble; readonly turn: boolean };

const TURN_MS = 10 * 60_000;
/** A server seals within a second. */
const LATE_MS = 60_000;
/** No honest server receives a message that long from now. */
const AHEAD_MS = 10 * 60_000;

/**
 * True when an accepted message should long have been sealed: to say "soon" for ever must not hide anything. With a
 * proof it is sealed, and only what became of it waits.
 */
export const isLate = ({ seal, seq, time, proof }: Bubble, nowMs: Millis): boolean =>
  seal === "pending" && seq !== null && proof === null && (nowMs - time > LATE_MS || time - nowMs > AHEAD_MS);

/** True when the server shows only its place: it was erased with its author's account, or the staff removed it. */
export const isWithheld = (wire: WireMessage | null | undefined): boolean => Boolean(wire && (wire.erased || wire.removed));

/** True when the message must not be believed as it stands. */
export const isAltered = (bubble: Bubble): boolean =>
  bubble.seal === "altered" || bubble.wire?.damaged === true || bubble.problems.some(isAlarm);

/** What the next message of the same sender says when the one before it is altered or gone. */
const isConsequence = ({ code }: Problem): boolean => code === "gap" || code === "chain";

/** A missing key is no attack, and changed keys of the peer are told once, above the composer. */
const isAlarm = ({ code }: Problem): boolean => code !== "no_keys" && code !== "peer_key" && code !== "wrap";

export class Timeline {
  readonly #numbered = new Map<number, Bubble>();
  readonly #numbers = new Map<Uuid, number>();
  readonly #waiting = new Map<Uuid, Bubble>();
  #from = 1;
  #to = 0;
  #newest = 0;

  /** The server has answered for `from`…`to`: a number in there without a message is missing for good. */
  get from(): number {
    return this.#from;
  }
  get to(): number {
    return this.#to;
  }
  /** The highest number that is known to exist. */
  get newest(): number {
    return this.#newest;
  }
  /** True when nothing newer is known to exist. */
  get isAtEnd(): boolean {
    return this.#to >= this.#newest;
  }

  /** Begins again with this range; what waits stays. */
  restart(from: number, to: number): void {
    this.#numbered.clear();
    this.#numbers.clear();
    this.#from = from;
    this.#to = to;
  }

  /** Notes that the conversation has reached this number. */
  reached(seq: number): void {
    this.#newest = Math.max(this.#newest, seq);
  }

  /** Places messages by their number. A repeat changes nothing but what is newly known about it. */
  place(bubbles: readonly Bubble[]): void {
    for (const bubble of bubbles) {
      if (bubble.seq === null) continue;
      this.#waiting.delete(bubble.id);
      const known = this.#numbered.get(bubble.seq);
      if (known?.id === bubble.id && known.wire && !bubble.wire) continue;
      this.#numbered.set(bubble.seq, bubble);
      this.#numbers.set(bubble.id, bubble.seq);
      this.reached(bubble.seq);
    }
    while (this.#numbered.has(this.#to + 1)) this.#to++;
  }

  /** The server answered for this range, which touches the one before: what it left out is missing. */
  answered(from: number, to: number): void {
    if (from > this.#to + 1 || to < this.#from - 1) throw new RangeError("the ranges do not touch");
    this.#from = Math.min(this.#from, from);
    this.#to = Math.max(this.#to, to);
    this.reached(to);
    while (this.#numbered.has(this.#to + 1)) this.#to++;
  }

  /** The number to ask `?after=` with, when a message arrived ahead of others; null without a hole. */
  get hole(): number | null {
    for (const seq of this.#numbered.keys()) if (seq > this.#to + 1) return this.#to;
    return null;
  }

  wait(bubble: Bubble): void {
    if (!this.#numbers.has(bubble.id)) this.#waiting.set(bubble.id, bubble);
  }

  forget(id: Uuid): void {
    this.#waiting.delete(id);
  }

  get waiting(): readonly Bubble[] {
    return [...this.#waiting.values()].sort((a, b) => a.time - b.time || (a.id < b.id ? -1 : 1));
  }

  find(id: Uuid): Bubble | undefined {
    const seq = this.#numbers.get(id);
    return seq === undefined ? this.#waiting.get(id) : this.#numbered.get(seq);
  }

  change(id: Uuid, changes: Partial<Bubble>): void {
    const bubble = this.find(id);
    if (!bubble) return;
    const changed = { ...bubble, ...changes };
    if (changed.seq !== null) this.place([changed]);
    else this.#waiting.set(id, changed);
  }

  /** The messages of the answered range, oldest first. */
  get shown(): readonly Bubble[] {
    return [...this.#numbered.values()].filter(({ seq }) => seq! >= this.#from && seq! <= this.#to).sort(bySeq);
  }

  /**
   * True when this very message must not be believed. One that only misses its predecessor is not blamed where that
   * is already named as altered or missing.
   */
  isAlarm(bubble: Bubble): boolean {
    if (!isAltered(bubble)) return false;
    const own = bubble.seal === "altered" || bubble.wire?.damaged || bubble.problems.some((each) => isAlarm(each) && !isConsequence(each));
    if (own || bubble.seq === null) return true;
    const earlier = this.shown.filter(({ seq }) => seq! < bubble.seq!);
    const isMissing = earlier.length < bubble.seq - this.#from;
    return !isMissing && !earlier.some((each) => each.mine === bubble.mine && isAltered(each));
  }

  /** Keeps at most so many messages by letting go of the far end; that range can be asked for again. */
  trim(limit: number, end: "oldest" | "newest"): void {
    const { shown } = this;
    if (shown.length <= limit) return;
    if (end === "oldest") this.#from = shown.at(-limit)!.seq!;
    else this.#to = shown[limit - 1]!.seq!;
    for (const [seq, bubble] of this.#numbered) {
      if (seq >= this.#from && seq <= this.#to) continue;
      this.#numbered.delete(seq);
      this.#numbers.delete(bubble.id);
    }
  }

  /** Everything to paint, from top to bottom. `unreadFrom` is the number of the first unread message, or 0. */
  rows(unreadFrom: number): readonly Row[] {
    const rows: Row[] = [];
    let last: Bubble | null = null;
    let next = this.#from;
    for (const bubble of [...this.shown, ...(this.isAtEnd ? this.waiting : [])]) {
      const seq = bubble.seq ?? this.#to + 1;
      if (seq > next) rows.push(missing(next, seq - 1));
      const before = rows.length;
      if (dayOf(bubble.time) !== (last && dayOf(last.time))) rows.push({ kind: "day", key: `day ${bubble.id}`, time: bubble.time });
      if (last && last.mode === "standard" && bubble.mode === "end_to_end") rows.push({ kind: "mode", key: `mode ${bubble.id}` });
      if (bubble.seq !== null && bubble.seq === unreadFrom) rows.push({ kind: "unread", key: "unread" });
      const turn = rows.length > before || last?.mine !== bubble.mine || bubble.time - last.time > TURN_MS;
      rows.push({ kind: "bubble", key: bubble.id, bubble, turn });
      last = bubble;
      next = bubble.seq === null ? next : seq + 1;
    }
    if (next <= this.#to) rows.push(missing(next, this.#to));
    return rows;
  }
}

const bySeq = (a: Bubble, b: Bubble): number => a.seq! - b.seq!;

const missing = (from: number, to: number): Row => ({ kind: "missing", key: `missing ${from}`, from, to });

/** The day where the reader is. */
function dayOf(time: Millis): string {
  const date = new Date(time);
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
}

/**
 * A readable message after an encrypted one: an end-to-end conversation never falls back, so somebody else put
 * it there.
 */
export function isDowngrade(bubble: Bubble, firstEncrypted: number): boolean {
  return bubble.mode === "standard" && bubble.seq !== null && firstEncrypted > 0 && bubble.seq > firstEncrypted;
}
