// Messages that arrive: opened, placed where they belong, and asked for where some are missing.
import { type Bubble, isDowngrade, isWithheld } from "../pure/timeline.ts";
import type { Uuid, WireMessage } from "../pure/wire.ts";
import type { Opened } from "../worker/protocol.ts";
import { api, type WirePage } from "./api.ts";
import { PAGE, RETRY_MS, type Thread } from "./thread.ts";

/** More bubbles make the page slow to answer keys. */
const MOST_SHOWN = 200;

export class Receiving {
  readonly #thread: Thread;
  readonly #placed: () => void;
  readonly #again: () => void;
  #repair: Promise<void> | null = null;
  #repairTimer = 0;

  /** Calls `placed` after messages were placed, and `again` when it is time to ask once more. */
  constructor(thread: Thread, placed: () => void, again: () => void) {
    this.#thread = thread;
    this.#placed = placed;
    this.#again = again;
  }

  async #open(wires: readonly WireMessage[]): Promise<Map<Uuid, Opened>> {
    const sealed = wires.filter((wire) => wire.mode === "end_to_end" && !isWithheld(wire));
    if (sealed.length === 0 || !this.#thread.keys?.status.hasKeys) return new Map();
    const open = async (): Promise<readonly Opened[]> => this.#thread.keys!.box.open(sealed, await this.#thread.getRoster());
    let opened = await open();
    // The peer may have new keys since the roster was fetched: look once more before saying that a key is unknown.
    if (opened.some(({ problems }) => problems.some(({ code }) => code === "key" || code === "roster"))) {
      this.#thread.roster = null;
      opened = await open();
    }
    if (opened.some(({ problems }) => problems.some(({ code }) => code === "peer_key"))) {
      this.#thread.watchPeer(await this.#thread.keys.box.peers());
    }
    return new Map(opened.map((each) => [each.id, each]));
  }

  async place(wires: readonly WireMessage[]): Promise<readonly Bubble[]> {
    const opened = await this.#open(wires);
    const firstSealed = this.#firstSealed(wires);
    const bubbles = wires.map((wire) => this.#bubble(wire, opened.get(wire.id), firstSealed));
    this.#thread.timeline.place(bubbles);
    return bubbles;
  }

  #firstSealed(wires: readonly WireMessage[]): number {
    const numbers = [...this.#thread.timeline.shown, ...wires].flatMap(({ mode, seq }) => (mode === "end_to_end" && seq ? [seq] : []));
    return numbers.length > 0 ? Math.min(...numbers) : 0;
  }

  #bubble(wire: WireMessage, opened: Opened | undefined, firstSealed: number): Bubble {
    const known = this.#thread.timeline.find(wire.id);
    // What was erased or removed is not opened; whether it may have been is for the ledger to say.
    const isGone = isWithheld(wire);
    const readable = wire.mode === "standard" || isGone;
    const hasChanged = isGone !== isWithheld(known?.wire) || wire.erased !== (known?.wire?.erased ?? false);
    const bubble: Bubble = {
      id: wire.id,
      seq: wire.seq,
      mine: wire.sender === this.#thread.me,
      mode: wire.mode,
      text: readable ? wire.text : (opened?.text ?? null),
      original: opened?.original ?? (isGone ? (known?.text ?? known?.original ?? null) : null),
      time: wire.received_ms,
      problems: opened?.problems ?? [],
      seal: hasChanged ? "pending" : (known?.seal ?? "pending"),
      proof: hasChanged ? null : (known?.proof ?? null),
      sending: null,
      wire,
    };
    if (wire.conversation !== this.#thread.id) {
      const detail = "The message belongs to another conversation.";
      return { ...bubble, text: null, problems: [{ code: "context", fatal: true, detail }] };
    }
    if (isGone) return bubble;
    if (known && !known.wire && readable && known.text !== wire.text) {
      const detail = "This is not the text that left this browser.";
      return { ...bubble, original: known.text, problems: [{ code: "changed", fatal: false, detail }] };
    }
    if (isDowngrade(bubble, firstSealed)) {
      const detail = "A message that the server can read stands after encrypted ones. Your friend's browser does not send such a message.";
      return { ...bubble, problems: [{ code: "suite", fatal: false, detail }] };
    }
    if (!readable && !opened) {
      return { ...bubble, problems: [{ code: "no_keys", fatal: true, detail: "This browser has no keys for it." }] };
    }
    return bubble;
  }

  async arrive(wire: WireMessage): Promise<void> {
    const isNew = wire.seq > this.#thread.timeline.newest;
    // A reader far above the end is left there: what lies between is fetched while scrolling.
    const follows = this.#thread.timeline.isAtEnd || this.#thread.timeline.hole !== null || this.#repair !== null;
    this.#thread.timeline.reached(wire.seq);
    if (follows && !this.#thread.timeline.find(wire.id)?.wire) {
      try {
        const [bubble] = await this.place([wire]);
        if (isNew && bubble && !bubble.mine) this.#thread.announce(bubble);
      } catch {
        // What could not be opened now is asked for again below, with everything around it.
      }
    }
    if (wire.mode !== this.#thread.about.mode) await this.#thread.relearn();
    if (follows && (this.#thread.timeline.hole !== null || !this.#thread.timeline.find(wire.id))) await this.repair(true);
    this.#thread.changed();
    this.#placed();
  }

  /** Asks again for what is shown: some of it was erased, removed or put back. */
  async refresh(): Promise<void> {
    try {
      const { from, to } = this.#thread.timeline;
      for (let after = from - 1; after < to; ) {
        const page = await api<WirePage>("GET", `/conversations/${this.#thread.id}/messages?after=${after}&limit=${PAGE}`);
        await this.place(page.items);
        after = page.items.at(-1)?.seq ?? to;
      }
      await this.#thread.ask();
    } catch (error) {
      this.failed(error);
    }
    this.#thread.changed();
    this.#placed();
  }

  /** Asks for what follows the last number of which nothing is missing: one page, or everything. */
  async repair(everything: boolean): Promise<void> {
    this.#repair ??= this.#fetchNewer(everything).finally(() => (this.#repair = null));
    await this.#repair;
  }

  async #fetchNewer(everything: boolean): Promise<void> {
    try {
      for (let more = true; more; ) {
        const { to, newest } = this.#thread.timeline;
        const page = await api<WirePage>("GET", `/conversations/${this.#thread.id}/messages?after=${to}&limit=${PAGE}`);
        await this.place(page.items);
        const isLast = page.next === null || page.items.length === 0;
        this.#thread.timeline.answered(to + 1, Math.max(page.items.at(-1)?.seq ?? to, isLast ? newest : to));
        more = everything && !isLast;
      }
      this.#thread.trouble = "";
    } catch (error) {
      this.failed(error);
    }
    this.#thread.changed();
  }

  /** Loads the page after what is shown, for a reader who scrolls down from far above. */
  async newer(): Promise<void> {
    if (this.#thread.timeline.isAtEnd) return;
    await this.repair(false);
    this.#thread.timeline.trim(MOST_SHOWN, "oldest");
    this.#placed();
    this.#thread.changed();
  }

  /** Loads the page before what is shown. */
  async older(): Promise<void> {
    const { from } = this.#thread.timeline;
    if (from <= 1) return;
    try {
      const page = await api<WirePage>("GET", `/conversations/${this.#thread.id}/messages?before=${from}&limit=${PAGE}`);
      await this.place(page.items);
      this.#thread.timeline.answered(page.next === null ? 1 : (page.items[0]?.seq ?? 1), from - 1);
      this.#thread.timeline.trim(MOST_SHOWN, "newest");
      this.#thread.trouble = "";
    } catch (error) {
      this.#thread.trouble = this.#thread.explain(error);
    }
    this.#placed();
    this.#thread.changed();
  }

  /** Leaves old messages and shows the newest page. */
  async toEnd(): Promise<void> {
    if (this.#thread.timeline.isAtEnd) return;
    const from = Math.max(1, this.#thread.timeline.newest - PAGE + 1);
    this.#thread.timeline.restart(from, from - 1);
    await this.repair(true);
    this.#placed();
  }

  /** Keeps the page quick when many messages arrive at the end. */
  settle(): void {
    this.#thread.timeline.trim(MOST_SHOWN, "oldest");
  }

  /** Says what could not be fetched, and asks again after a while. */
  failed(error: unknown): void {
    this.#thread.trouble = this.#thread.explain(error);
    clearTimeout(this.#repairTimer);
    this.#repairTimer = window.setTimeout(this.#again, RETRY_MS);
  }
}
