// Messages that leave: an outbox that survives the page, and one tab that empties it.
import { uuid7 } from "../pure/bytes.ts";
import type { Bubble } from "../pure/timeline.ts";
import type { Millis, Uuid } from "../pure/wire.ts";
import { ApiProblem } from "./api.ts";
import { CryptoError, type OutboxItem } from "./crypto-client.ts";
import type { Keyring } from "./keyring.ts";
import { RETRY_MS, type Thread } from "./thread.ts";
import { deliver, type Draft } from "./transport.ts";

const MOST_TRIES = 4;

export class Sending {
  readonly #thread: Thread;
  readonly #left: () => void;
  #drain: Promise<void> | null = null;
  #drainAgain = false;
  #retryTimer = 0;

  /** Calls `left` whenever the server took a message. */
  constructor(thread: Thread, left: () => void) {
    this.#thread = thread;
    this.#left = left;
  }

  async showWaiting(): Promise<void> {
    if (!this.#thread.keys) return;
    for (const item of await this.#thread.keys.box.listOutbox(this.#thread.id)) this.#thread.timeline.wait(waiting(item, this.#thread.about.mode));
  }

  /** The message stands in the outbox and on the page; it leaves as soon as it can. */
  async send(text: string): Promise<void> {
    if (!this.#thread.keys) throw new CryptoError("storage", "This browser keeps no data for this site, so nothing can be queued.");
    const createdMs = Date.now();
    const item: OutboxItem = { id: uuid7(createdMs), conversation: this.#thread.id, text, createdMs, state: "queued" };
    this.#thread.timeline.wait(waiting(item, this.#thread.about.mode));
    this.#thread.changed();
    try {
      await this.#thread.keys.box.putOutbox(item);
    } catch (error) {
      this.#thread.timeline.forget(item.id);
      this.#thread.changed();
      throw error;
    }
    void this.drain();
  }

  /** Tries a failed message again. */
  async retry(id: Uuid): Promise<void> {
    const item = await this.#item(id);
    if (!item) return;
    await this.#keep({ ...withoutProblem(item), state: "queued" });
    await this.drain();
  }

  /** Gives a failed message up. */
  async giveUp(id: Uuid): Promise<void> {
    await this.#thread.keys?.box.removeOutbox(id);
    this.#thread.timeline.forget(id);
    this.#thread.changed();
  }

  async #item(id: Uuid): Promise<OutboxItem | undefined> {
    return (await this.#thread.keys?.box.listOutbox(this.#thread.id))?.find((item) => item.id === id);
  }

  async #keep(item: OutboxItem): Promise<void> {
    await this.#thread.keys!.box.putOutbox(item);
    this.#thread.timeline.change(item.id, { sending: sending(item) });
    this.#thread.changed();
  }

  /** Sends what waits, oldest first; only one tab does, so that nothing overtakes or repeats. */
  async drain(): Promise<void> {
    if (this.#drain) {
      this.#drainAgain = true;
      return this.#drain;
    }
    const run = async (): Promise<void> => {
      do {
        this.#drainAgain = false;
        await navigator.locks.request(`beyou send ${this.#thread.me} ${this.#thread.id}`, () => this.#drainAll());
      } while (this.#drainAgain);
    };
    this.#drain = run().finally(() => (this.#drain = null));
    return this.#drain;
  }

  async #drainAll(): Promise<void> {
    const keys = this.#thread.keys;
    if (!keys || !this.#thread.about.open) return;
    clearTimeout(this.#retryTimer);
    while (this.#thread.obstacle === null) {
      const item = (await keys.box.listOutbox(this.#thread.id)).find(({ state }) => state === "queued");
      if (!item) return;
      try {
        await this.#deliver(keys, item);
      } catch (error) {
        if (await this.#mustWait(item, error)) return;
      }
    }
  }

  async #deliver(keys: Keyring, item: OutboxItem): Promise<void> {
    let current = item;
    for (let tries = 1; ; tries++) {
      current = await this.#sealed(keys, current);
      try {
        await this.#accepted(keys, current, await deliver(this.#thread.id, draftOf(current)));
        return;
      } catch (error) {
        if (tries >= MOST_TRIES || !(await this.#canRetry(error))) throw error;
        current = withoutSeal(current);
      }
    }
  }

  /** True when the roster, the counter or the mode has moved on and a new envelope will do. */
  async #canRetry(error: unknown): Promise<boolean> {
    const code = error instanceof ApiProblem ? error.code : "";
    if (!["roster_changed", "counter_conflict", "wrong_mode"].includes(code)) return false;
    this.#thread.roster = null;
    if (code !== "wrong_mode") return true;
    const wasSealed = this.#thread.about.mode === "end_to_end";
    // The text was written under the lock; no answer of the server makes it leave without encryption.
    if ((await this.#thread.ask()) === "standard" && wasSealed) {
      throw new ApiProblem("downgrade", 422, "The server asked for this message without encryption. It was not sent.");
    }
    if (this.#thread.keys?.state !== "ready") this.#thread.blocked("keys");
    return this.#thread.obstacle === null;
  }

  async #sealed(keys: Keyring, item: OutboxItem): Promise<OutboxItem> {
    if (this.#thread.about.mode === "standard" || item.sealed) return item;
    const roster = await this.#thread.getRoster();
    const sealed = await keys.box.seal({
      conversation: this.#thread.id,
      message: item.id,
      peer: this.#thread.about.peer.id,
      text: item.text,
      createdMs: Date.now(),
      roster,
      last: roster.mine ?? { counter: 0, prev: "0".repeat(64) },
    });
    const kept = { ...item, sealed };
    await keys.box.putOutbox(kept);
    return kept;
  }

  async #accepted(keys: Keyring, item: OutboxItem, answer: { seq: number; received_ms: Millis }): Promise<void> {
    if (item.sealed) {
      await keys.box.cacheText(item.sealed.draft, item.text);
      const device = this.#thread.roster?.mine?.device ?? keys.status.device;
      if (this.#thread.roster && device) this.#thread.roster = { ...this.#thread.roster, mine: { ...item.sealed.chain, device } };
    }
    await keys.box.removeOutbox(item.id);
    const bubble = waiting(item, item.sealed ? "end_to_end" : this.#thread.about.mode);
    if (!this.#thread.timeline.find(item.id)?.wire) {
      this.#thread.timeline.place([{ ...bubble, seq: answer.seq, time: answer.received_ms, sending: null }]);
    }
    this.#left();
  }

  /** True when sending must stop for now; otherwise the item is marked as failed and the next one goes. */
  async #mustWait(item: OutboxItem, error: unknown): Promise<boolean> {
    if (error instanceof CryptoError && error.code === "peer_key_changed") {
      this.#thread.watchPeer((await this.#thread.keys?.box.peers()) ?? []);
      this.#thread.blocked("peer_keys");
      return true;
    }
    if (error instanceof CryptoError && (error.code === "no_keys" || error.code === "own_key_mismatch")) {
      this.#thread.blocked("keys");
      return true;
    }
    if (error instanceof ApiProblem && error.code === "not_signed_in") {
      this.#thread.blocked("signed_out");
      return true;
    }
    if (error instanceof ApiProblem && error.isPassing) {
      this.#retryTimer = window.setTimeout(() => void this.drain(), Math.max(RETRY_MS, error.retryAfter * 1000));
      this.#thread.changed();
      return true;
    }
    if (this.#thread.obstacle !== null) return true;
    await this.#keep({ ...withoutSeal(item), state: "failed", problem: this.#thread.explain(error) });
    return false;
  }
}

function sending(item: OutboxItem): Bubble["sending"] {
  return item.problem === undefined ? { state: item.state } : { state: item.state, problem: item.problem };
}

function waiting(item: OutboxItem, mode: Bubble["mode"]): Bubble {
  return {
    id: item.id,
    seq: null,
    mine: true,
    mode,
    text: item.text,
    original: null,
    time: item.createdMs,
    problems: [],
    seal: "pending",
    proof: null,
    sending: sending(item),
    wire: null,
  };
}

function withoutSeal({ sealed: _, ...item }: OutboxItem): OutboxItem {
  return item;
}

function withoutProblem({ problem: _, ...item }: OutboxItem): OutboxItem {
  return item;
}

const draftOf = (item: OutboxItem): Draft => item.sealed?.draft ?? { id: item.id, text: item.text };
