// What the ledger says about the messages on the page, checked against what this browser pinned.
import { type Bubble, isLate } from "../pure/timeline.ts";
import type { Uuid, WireMessage, WireProofs } from "../pure/wire.ts";
import { api, ApiProblem, type WirePage } from "./api.ts";
import { PAGE, type Thread } from "./thread.ts";

const MOST_PROOFS = 100;
const FIRST_CHECK_MS = 400;
const LAST_CHECK_MS = 30_000;

export class Proving {
  readonly #thread: Thread;
  readonly #place: (wires: readonly WireMessage[]) => Promise<unknown>;
  #checkTimer = 0;
  #checkMs = FIRST_CHECK_MS;

  constructor(thread: Thread, place: (wires: readonly WireMessage[]) => Promise<unknown>) {
    this.#thread = thread;
    this.#place = place;
  }

  soon(): void {
    this.#checkMs = FIRST_CHECK_MS;
    this.#later();
  }

  #later(): void {
    clearTimeout(this.#checkTimer);
    this.#checkTimer = window.setTimeout(() => void this.#check(), this.#checkMs);
    this.#checkMs = Math.min(this.#checkMs * 2, LAST_CHECK_MS);
  }

  async #check(): Promise<void> {
    const open = this.#unproven;
    if (open.length === 0 || !this.#thread.keys) return;
    try {
      const unsent = open.find(({ wire }) => !wire);
      if (unsent) await this.#fetchWires(unsent.seq!);
      await this.check(open.map(({ id }) => id));
    } catch (error) {
      this.#thread.explain(error);
    }
    for (const bubble of this.#unproven) if (isLate(bubble, Date.now())) this.#thread.timeline.change(bubble.id, { seal: "late" });
    this.#thread.changed();
    if (this.#unproven.length > 0) this.#later();
  }

  get #unproven(): readonly Bubble[] {
    return this.#thread.timeline.shown.filter(({ seal }) => seal === "pending" || seal === "late");
  }

  /** Own messages are known before the server sent them back; the ledger is checked against what it sends. */
  async #fetchWires(from: number): Promise<void> {
    const page = await api<WirePage>("GET", `/conversations/${this.#thread.id}/messages?after=${from - 1}&limit=${PAGE}`);
    await this.#place(page.items);
  }

  /** Checks these messages against the ledger now. Rejects with `ApiProblem` or `CryptoError`. */
  async check(ids: readonly Uuid[]): Promise<void> {
    let rest = ids.flatMap((id) => this.#thread.timeline.find(id)?.wire ?? []);
    while (rest.length > 0) {
      const first = rest[0]!.seq;
      await this.#checkRange(first, rest.filter(({ seq }) => seq < first + MOST_PROOFS));
      rest = rest.filter(({ seq }) => seq >= first + MOST_PROOFS);
    }
    this.#thread.changed();
  }

  /** One tab at a time: the checkpoint that the proofs start from must still be the pinned one when they come. */
  #checkRange(first: number, wires: readonly WireMessage[]): Promise<void> {
    return navigator.locks.request(`beyou ledger ${this.#thread.me}`, () => this.#checkAlone(first, wires)) as Promise<void>;
  }

  async #checkAlone(first: number, wires: readonly WireMessage[]): Promise<void> {
    const { box } = this.#thread.keys!;
    const limit = wires.at(-1)!.seq - first + 1;
    const proofs = await this.#proofs(`after=${first - 1}&limit=${limit}`, (await box.pinned())?.size ?? 0);
    const wanted = new Set(wires.map(({ id }) => id));
    const items = proofs.items.filter(({ message }) => wanted.has(message));
    const report = await box.checkProofs({ ...proofs, items }, wires, this.#thread.about.peer.gone ? [this.#thread.about.peer.id] : []);
    this.#thread.ledger = { alarm: report.alarm, steps: report.steps };
    const shown = await box.readCache(report.items.flatMap(({ state, message }) => (state === "altered" ? [message] : [])));
    for (const proof of report.items) {
      const read = shown[proof.message] ?? null;
      const isGone = proof.state === "erased" || proof.state === "removed";
      const original = isGone ? { original: null } : read === null ? {} : { original: read };
      this.#thread.timeline.change(proof.message, { seal: proof.waits ? "pending" : proof.state, proof, ...original });
    }
  }

  /** A log that never had the pinned size has lost entries: its own words are then shown to the worker, which says so. */
  async #proofs(range: string, pinned: number): Promise<WireProofs> {
    const address = `/conversations/${this.#thread.id}/proofs?${range}`;
    try {
      return await api<WireProofs>("GET", `${address}&pinned=${pinned}`);
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.code !== "no_such_tree_size") throw error;
      return api<WireProofs>("GET", `${address}&pinned=0`);
    }
  }
}
