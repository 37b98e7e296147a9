// The conversation of this page: its messages, what waits to be sent, and what the ledger says about both. The
// elements paint what stands here and call its methods; they keep no messages of their own.
import { uuid7 } from "../pure/bytes.ts";
import { type Bubble, isDowngrade, isLate, Timeline } from "../pure/timeline.ts";
import type { Millis, Uuid, WireMessage, WireProofs, WireRoster } from "../pure/wire.ts";
import type { LedgerAlarm, Opened, Peer, ProofStep } from "../worker/protocol.ts";
import { api, ApiProblem, type WireConversation, type WirePage } from "./api.ts";
import { CryptoError, type OutboxItem } from "./crypto-client.ts";
import { type Keyring, keyring, memberId } from "./keyring.ts";
import { isConnected, sendFrame } from "./socket.ts";
import { deliver, type Draft } from "./transport.ts";

const PAGE = 50;
/** More bubbles make the page slow to answer keys. */
const MOST_SHOWN = 200;
const MOST_PROOFS = 100;
const FIRST_CHECK_MS = 400;
const LAST_CHECK_MS = 30_000;
const RETRY_MS = 4000;
const MOST_TRIES = 4;
const TYPING_SHOWN_MS = 6000;
const TYPING_SENT_MS = 3000;

export interface Ledger {
  /** What contradicts what this browser pinned, or null. */
  readonly alarm: LedgerAlarm | null;
  readonly steps: readonly ProofStep[];
}

interface ThreadData {
  readonly conversation: WireConversation;
  readonly items: readonly WireMessage[];
}

/** Why nothing can be sent just now, in the order of urgency. */
export type Obstacle = "signed_out" | "storage" | "keys" | "peer_keys" | null;

export class Conversation {
  readonly timeline = new Timeline();
  readonly me = memberId();
  about: WireConversation;
  ledger: Ledger = { alarm: null, steps: [] };
  /** The number of the first message that was unread when the page opened, or 0. */
  unreadFrom = 0;
  peerKeys: Peer | null = null;
  obstacle: Obstacle = null;
  isTyping = false;
  isLoading = true;
  /** Why older or newer messages could not be fetched, for a person. */
  trouble = "";
  roster: WireRoster | null = null;

  readonly #listeners = new Set<() => void>();
  readonly #arrivals = new Set<(bubble: Bubble) => void>();
  #keys: Keyring | null = null;
  #drain: Promise<void> | null = null;
  #drainAgain = false;
  #repair: Promise<void> | null = null;
  #checkTimer = 0;
  #checkMs = FIRST_CHECK_MS;
  #retryTimer = 0;
  #repairTimer = 0;
  #typingTimer = 0;
  #typedAt = 0;
  #marked = 0;

  constructor(data: ThreadData) {
    this.about = data.conversation;
    this.timeline.reached(data.conversation.last_seq);
    void this.#start(data.items);
  }

  get id(): Uuid {
    return this.about.id;
  }

  /** Calls back after every change; returns how to stop it. */
  watch(listener: () => void, arrived?: (bubble: Bubble) => void): () => void {
    this.#listeners.add(listener);
    if (arrived) this.#arrivals.add(arrived);
    return () => {
      this.#listeners.delete(listener);
      if (arrived) this.#arrivals.delete(arrived);
    };
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  async #start(items: readonly WireMessage[]): Promise<void> {
    this.#listen();
    const first = items[0]?.seq ?? this.about.last_seq + 1;
    this.timeline.restart(first, first - 1);
    this.unreadFrom = items.find(({ seq, sender }) => seq > this.about.read_seq && sender !== this.me)?.seq ?? 0;
    await this.#openKeys();
    try {
      await this.#place(items);
      if (items.length > 0) this.timeline.answered(first, items.at(-1)!.seq);
      else if (this.about.last_seq > 0) await this.#newer(false);
      await this.#showWaiting();
    } catch (error) {
      this.#failed(error);
    }
    this.isLoading = false;
    this.#changed();
    this.#checkSoon();
    void this.drain();
  }

  #listen(): void {
    const on = (type: string, use: (detail: Record<string, unknown>) => void): void =>
      document.body.addEventListener(type, (event) => use((event as CustomEvent<Record<string, unknown>>).detail));
    const here = (use: (detail: Record<string, unknown>) => void) => (detail: Record<string, unknown>): void => {
      if (detail["conversation"] === this.id) use(detail);
    };
    on("by:message.new", here((detail) => void this.#arrive(detail["message"] as WireMessage)));
    on("by:message.changed", here(() => void this.#refresh()));
    on("by:receipt", here((detail) => this.#receipt(detail)));
    on("by:typing", here((detail) => detail["member"] !== this.me && this.#showTyping()));
    for (const type of ["by:connected", "by:reconnected", "by:disconnected"]) on(type, () => void this.#connection());
    on("by:keys", () => void this.#keysChanged());
    on("by:session-ended", () => this.#blocked("signed_out"));
    addEventListener("online", () => void this.#connection());
    addEventListener("offline", () => this.#changed());
  }

  async #connection(): Promise<void> {
    this.#changed();
    if (!isConnected() || this.isLoading) return;
    // A page that opened while the server was away could not even ask for the keys.
    if (!this.#keys) await this.#keysChanged();
    await this.#newer(this.timeline.isAtEnd);
    this.#checkSoon();
    await this.drain();
  }

  // Keys.

  async #openKeys(): Promise<void> {
    try {
      this.#keys = await keyring();
      const peers = await this.#keys.box.peers();
      // Keys of the peer are known from sealed messages alone, and who sealed once never goes back.
      if (peers.some(({ user }) => user === this.about.peer.id)) this.about = { ...this.about, mode: "end_to_end" };
      this.obstacle = this.about.mode === "end_to_end" && this.#keys.state !== "ready" ? "keys" : null;
      this.#watchPeer(peers);
    } catch (error) {
      this.#keys = null;
      if (error instanceof CryptoError) this.obstacle = "storage";
    }
  }

  #watchPeer(peers: readonly Peer[]): void {
    const peer = peers.find(({ user }) => user === this.about.peer.id) ?? null;
    this.peerKeys = peer?.changedTo ? peer : null;
    if (this.peerKeys) this.obstacle ??= "peer_keys";
  }

  /** After keys were made, restored or replaced here or in another tab. */
  async #keysChanged(): Promise<void> {
    this.obstacle = null;
    this.roster = null;
    await this.#openKeys();
    await this.#relearn();
    await this.#reopen();
  }

  /** Asks how the conversation stands now: it turns end-to-end as soon as both have keys. */
  async #relearn(): Promise<void> {
    try {
      await this.#ask();
    } catch (error) {
      this.trouble = this.#explain(error);
    }
    if (this.about.mode === "end_to_end" && this.#keys?.state !== "ready") this.obstacle ??= "keys";
  }

  /** The mode that the server names; a conversation that was sealed stays so here whatever it says. */
  async #ask(): Promise<WireConversation["mode"]> {
    const about = await api<WireConversation>("GET", `/conversations/${this.id}`);
    this.about = this.about.mode === "end_to_end" ? { ...about, mode: "end_to_end" } : about;
    return about.mode;
  }

  /** Reads again what is shown, after something changed that decides what can be read and trusted. */
  async #reopen(): Promise<void> {
    for (const { id, seal } of this.timeline.shown) if (seal === "unchecked") this.timeline.change(id, { seal: "pending" });
    try {
      await this.#place(this.timeline.shown.flatMap(({ wire }) => (wire ? [wire] : [])));
      this.trouble = "";
    } catch (error) {
      this.trouble = this.#explain(error);
    }
    this.#changed();
    this.#checkSoon();
    await this.drain();
  }

  /** The reader looked at the peer's new keys and goes on with them. */
  async acceptPeer(): Promise<void> {
    if (!this.#keys) return;
    await this.#keys.box.acceptPeer(this.about.peer.id);
    this.peerKeys = null;
    this.obstacle = null;
    this.roster = null;
    await this.#openKeys();
    await this.#reopen();
  }

  async #getRoster(): Promise<WireRoster> {
    const device = this.#keys?.status.device;
    this.roster ??= await api<WireRoster>("GET", `/conversations/${this.id}/roster${device ? `?device=${device}` : ""}`);
    return this.roster;
  }

  // Messages that arrive.

  async #open(wires: readonly WireMessage[]): Promise<Map<Uuid, Opened>> {
    const sealed = wires.filter(({ mode, erased }) => mode === "end_to_end" && !erased);
    if (sealed.length === 0 || !this.#keys?.status.hasKeys) return new Map();
    const open = async (): Promise<readonly Opened[]> => this.#keys!.box.open(sealed, await this.#getRoster());
    let opened = await open();
    // The peer may have new keys since the roster was fetched: look once more before saying that a key is unknown.
    if (opened.some(({ problems }) => problems.some(({ code }) => code === "key" || code === "roster"))) {
      this.roster = null;
      opened = await open();
    }
    if (opened.some(({ problems }) => problems.some(({ code }) => code === "peer_key"))) {
      this.#watchPeer(await this.#keys.box.peers());
    }
    return new Map(opened.map((each) => [each.id, each]));
  }

  async #place(wires: readonly WireMessage[]): Promise<readonly Bubble[]> {
    const opened = await this.#open(wires);
    const firstSealed = this.#firstSealed(wires);
    const bubbles = wires.map((wire) => this.#bubble(wire, opened.get(wire.id), firstSealed));
    this.timeline.place(bubbles);
    return bubbles;
  }

  #firstSealed(wires: readonly WireMessage[]): number {
    const numbers = [...this.timeline.shown, ...wires].flatMap(({ mode, seq }) => (mode === "end_to_end" && seq ? [seq] : []));
    return numbers.length > 0 ? Math.min(...numbers) : 0;
  }

  #bubble(wire: WireMessage, opened: Opened | undefined, firstSealed: number): Bubble {
    const known = this.timeline.find(wire.id);
    // What was erased is not opened; whether it may have been is for the ledger to say.
    const readable = wire.mode === "standard" || wire.erased;
    const isNewlyErased = wire.erased && known?.wire?.erased !== true;
    const bubble: Bubble = {
      id: wire.id,
      seq: wire.seq,
      mine: wire.sender === this.me,
      mode: wire.mode,
      text: readable ? wire.text : (opened?.text ?? null),
      original: opened?.original ?? (wire.erased ? (known?.text ?? known?.original ?? null) : null),
      time: wire.received_ms,
      problems: opened?.problems ?? [],
      seal: isNewlyErased ? "pending" : (known?.seal ?? "pending"),
      proof: isNewlyErased ? null : (known?.proof ?? null),
      sending: null,
      wire,
    };
    if (wire.conversation !== this.id) {
      const detail = "The message belongs to another conversation.";
      return { ...bubble, text: null, problems: [{ code: "context", fatal: true, detail }] };
    }
    if (wire.erased) return bubble;
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

  async #arrive(wire: WireMessage): Promise<void> {
    const isNew = wire.seq > this.timeline.newest;
    // A reader far above the end is left there: what lies between is fetched while scrolling.
    const follows = this.timeline.isAtEnd || this.timeline.hole !== null || this.#repair !== null;
    this.timeline.reached(wire.seq);
    if (follows && !this.timeline.find(wire.id)?.wire) {
      try {
        const [bubble] = await this.#place([wire]);
        if (isNew && bubble && !bubble.mine) this.#announce(bubble);
      } catch {
        // What could not be opened now is asked for again below, with everything around it.
      }
    }
    if (wire.mode !== this.about.mode) await this.#relearn();
    if (follows && (this.timeline.hole !== null || !this.timeline.find(wire.id))) await this.#newer(true);
    this.#changed();
    this.#checkSoon();
  }

  #announce(bubble: Bubble): void {
    this.isTyping = false;
    for (const arrived of this.#arrivals) arrived(bubble);
  }

  /** Asks again for what is shown: some of it was erased. */
  async #refresh(): Promise<void> {
    try {
      const { from, to } = this.timeline;
      for (let after = from - 1; after < to; ) {
        const page = await api<WirePage>("GET", `/conversations/${this.id}/messages?after=${after}&limit=${PAGE}`);
        await this.#place(page.items);
        after = page.items.at(-1)?.seq ?? to;
      }
      await this.#ask();
    } catch (error) {
      this.#failed(error);
    }
    this.#changed();
    this.#checkSoon();
  }

  /** Asks for what follows the last number of which nothing is missing: one page, or everything. */
  async #newer(everything: boolean): Promise<void> {
    this.#repair ??= this.#fetchNewer(everything).finally(() => (this.#repair = null));
    await this.#repair;
  }

  async #fetchNewer(everything: boolean): Promise<void> {
    try {
      for (let more = true; more; ) {
        const { to, newest } = this.timeline;
        const page = await api<WirePage>("GET", `/conversations/${this.id}/messages?after=${to}&limit=${PAGE}`);
        await this.#place(page.items);
        const isLast = page.next === null || page.items.length === 0;
        this.timeline.answered(to + 1, Math.max(page.items.at(-1)?.seq ?? to, isLast ? newest : to));
        more = everything && !isLast;
      }
      this.trouble = "";
    } catch (error) {
      this.#failed(error);
    }
    this.#changed();
  }

  /** Loads the page after what is shown, for a reader who scrolls down from far above. */
  async newer(): Promise<void> {
    if (this.timeline.isAtEnd) return;
    await this.#newer(false);
    this.timeline.trim(MOST_SHOWN, "oldest");
    this.#checkSoon();
    this.#changed();
  }

  /** Loads the page before what is shown. */
  async older(): Promise<void> {
    const { from } = this.timeline;
    if (from <= 1) return;
    try {
      const page = await api<WirePage>("GET", `/conversations/${this.id}/messages?before=${from}&limit=${PAGE}`);
      await this.#place(page.items);
      this.timeline.answered(page.next === null ? 1 : (page.items[0]?.seq ?? 1), from - 1);
      this.timeline.trim(MOST_SHOWN, "newest");
      this.trouble = "";
    } catch (error) {
      this.trouble = this.#explain(error);
    }
    this.#checkSoon();
    this.#changed();
  }

  /** Leaves old messages and shows the newest page. */
  async toEnd(): Promise<void> {
    if (this.timeline.isAtEnd) return;
    const from = Math.max(1, this.timeline.newest - PAGE + 1);
    this.timeline.restart(from, from - 1);
    await this.#newer(true);
    this.#checkSoon();
  }

  /** Keeps the page quick when many messages arrive at the end. */
  settle(): void {
    this.timeline.trim(MOST_SHOWN, "oldest");
  }

  /** Says what could not be fetched, and asks again after a while. */
  #failed(error: unknown): void {
    this.trouble = this.#explain(error);
    clearTimeout(this.#repairTimer);
    this.#repairTimer = window.setTimeout(() => void this.#connection(), RETRY_MS);
  }

  #explain(error: unknown): string {
    if (error instanceof ApiProblem || error instanceof CryptoError) return error.message;
    throw error;
  }

  // Messages that leave.

  async #showWaiting(): Promise<void> {
    if (!this.#keys) return;
    for (const item of await this.#keys.box.listOutbox(this.id)) this.timeline.wait(waiting(item, this.about.mode));
  }

  /** The message stands in the outbox and on the page; it leaves as soon as it can. */
  async send(text: string): Promise<void> {
    if (!this.#keys) throw new CryptoError("storage", "This browser keeps no data for this site, so nothing can be queued.");
    const createdMs = Date.now();
    const item: OutboxItem = { id: uuid7(createdMs), conversation: this.id, text, createdMs, state: "queued" };
    this.timeline.wait(waiting(item, this.about.mode));
    this.#changed();
    try {
      await this.#keys.box.putOutbox(item);
    } catch (error) {
      this.timeline.forget(item.id);
      this.#changed();
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
    await this.#keys?.box.removeOutbox(id);
    this.timeline.forget(id);
    this.#changed();
  }

  async #item(id: Uuid): Promise<OutboxItem | undefined> {
    return (await this.#keys?.box.listOutbox(this.id))?.find((item) => item.id === id);
  }

  async #keep(item: OutboxItem): Promise<void> {
    await this.#keys!.box.putOutbox(item);
    this.timeline.change(item.id, { sending: sending(item) });
    this.#changed();
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
        await navigator.locks.request(`beyou send ${this.me} ${this.id}`, () => this.#drainAll());
      } while (this.#drainAgain);
    };
    this.#drain = run().finally(() => (this.#drain = null));
    return this.#drain;
  }

  async #drainAll(): Promise<void> {
    const keys = this.#keys;
    if (!keys || !this.about.open) return;
    clearTimeout(this.#retryTimer);
    while (this.obstacle === null) {
      const item = (await keys.box.listOutbox(this.id)).find(({ state }) => state === "queued");
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
        await this.#accepted(keys, current, await deliver(this.id, draftOf(current)));
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
    this.roster = null;
    if (code !== "wrong_mode") return true;
    const wasSealed = this.about.mode === "end_to_end";
    // The text was written under the lock; no answer of the server makes it leave without encryption.
    if ((await this.#ask()) === "standard" && wasSealed) {
      throw new ApiProblem("downgrade", 422, "The server asked for this message without encryption. It was not sent.");
    }
    if (this.#keys?.state !== "ready") this.#blocked("keys");
    return this.obstacle === null;
  }

  async #sealed(keys: Keyring, item: OutboxItem): Promise<OutboxItem> {
    if (this.about.mode === "standard" || item.sealed) return item;
    const roster = await this.#getRoster();
    const sealed = await keys.box.seal({
      conversation: this.id,
      message: item.id,
      peer: this.about.peer.id,
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
      const device = this.roster?.mine?.device ?? keys.status.device;
      if (this.roster && device) this.roster = { ...this.roster, mine: { ...item.sealed.chain, device } };
    }
    await keys.box.removeOutbox(item.id);
    const bubble = waiting(item, item.sealed ? "end_to_end" : this.about.mode);
    if (!this.timeline.find(item.id)?.wire) {
      this.timeline.place([{ ...bubble, seq: answer.seq, time: answer.received_ms, sending: null }]);
    }
    if (this.timeline.hole !== null) void this.#newer(true);
    this.#changed();
    this.#checkSoon();
  }

  /** True when sending must stop for now; otherwise the item is marked as failed and the next one goes. */
  async #mustWait(item: OutboxItem, error: unknown): Promise<boolean> {
    if (error instanceof CryptoError && error.code === "peer_key_changed") {
      this.#watchPeer((await this.#keys?.box.peers()) ?? []);
      this.#blocked("peer_keys");
      return true;
    }
    if (error instanceof CryptoError && (error.code === "no_keys" || error.code === "own_key_mismatch")) {
      this.#blocked("keys");
      return true;
    }
    if (error instanceof ApiProblem && error.code === "not_signed_in") {
      this.#blocked("signed_out");
      return true;
    }
    if (error instanceof ApiProblem && error.isPassing) {
      this.#retryTimer = window.setTimeout(() => void this.drain(), Math.max(RETRY_MS, error.retryAfter * 1000));
      this.#changed();
      return true;
    }
    if (this.obstacle !== null) return true;
    await this.#keep({ ...withoutSeal(item), state: "failed", problem: this.#explain(error) });
    return false;
  }

  #blocked(obstacle: Obstacle): void {
    this.obstacle = obstacle;
    this.#changed();
  }

  // The ledger.

  #checkSoon(): void {
    this.#checkMs = FIRST_CHECK_MS;
    this.#checkLater();
  }

  #checkLater(): void {
    clearTimeout(this.#checkTimer);
    this.#checkTimer = window.setTimeout(() => void this.#check(), this.#checkMs);
    this.#checkMs = Math.min(this.#checkMs * 2, LAST_CHECK_MS);
  }

  async #check(): Promise<void> {
    const open = this.#unproven;
    if (open.length === 0 || !this.#keys) return;
    try {
      const unsent = open.find(({ wire }) => !wire);
      if (unsent) await this.#fetchWires(unsent.seq!);
      await this.check(open.map(({ id }) => id));
    } catch (error) {
      this.#explain(error);
    }
    for (const bubble of this.#unproven) if (isLate(bubble, Date.now())) this.timeline.change(bubble.id, { seal: "late" });
    this.#changed();
    if (this.#unproven.length > 0) this.#checkLater();
  }

  get #unproven(): readonly Bubble[] {
    return this.timeline.shown.filter(({ seal }) => seal === "pending" || seal === "late");
  }

  /** Own messages are known before the server sent them back; the ledger is checked against what it sends. */
  async #fetchWires(from: number): Promise<void> {
    const page = await api<WirePage>("GET", `/conversations/${this.id}/messages?after=${from - 1}&limit=${PAGE}`);
    await this.#place(page.items);
  }

  /** Checks these messages against the ledger now. Rejects with `ApiProblem` or `CryptoError`. */
  async check(ids: readonly Uuid[]): Promise<void> {
    let rest = ids.flatMap((id) => this.timeline.find(id)?.wire ?? []);
    while (rest.length > 0) {
      const first = rest[0]!.seq;
      await this.#checkRange(first, rest.filter(({ seq }) => seq < first + MOST_PROOFS));
      rest = rest.filter(({ seq }) => seq >= first + MOST_PROOFS);
    }
    this.#changed();
  }

  /** One tab at a time: the checkpoint that the proofs start from must still be the pinned one when they come. */
  #checkRange(first: number, wires: readonly WireMessage[]): Promise<void> {
    return navigator.locks.request(`beyou ledger ${this.me}`, () => this.#checkAlone(first, wires)) as Promise<void>;
  }

  async #checkAlone(first: number, wires: readonly WireMessage[]): Promise<void> {
    const { box } = this.#keys!;
    const limit = wires.at(-1)!.seq - first + 1;
    const proofs = await this.#proofs(`after=${first - 1}&limit=${limit}`, (await box.pinned())?.size ?? 0);
    const wanted = new Set(wires.map(({ id }) => id));
    const items = proofs.items.filter(({ message }) => wanted.has(message));
    const report = await box.checkProofs({ ...proofs, items }, wires, this.about.peer.gone ? [this.about.peer.id] : []);
    this.ledger = { alarm: report.alarm, steps: report.steps };
    const shown = await box.readCache(report.items.flatMap(({ state, message }) => (state === "altered" ? [message] : [])));
    for (const proof of report.items) {
      const read = shown[proof.message] ?? null;
      const original = proof.state === "erased" ? { original: null } : read === null ? {} : { original: read };
      this.timeline.change(proof.message, { seal: proof.state, proof, ...original });
    }
  }

  /** A log that never had the pinned size has lost entries: its own words are then shown to the worker, which says so. */
  async #proofs(range: string, pinned: number): Promise<WireProofs> {
    const address = `/conversations/${this.id}/proofs?${range}`;
    try {
      return await api<WireProofs>("GET", `${address}&pinned=${pinned}`);
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.code !== "no_such_tree_size") throw error;
      return api<WireProofs>("GET", `${address}&pinned=0`);
    }
  }

  // What people notice of each other.

  #receipt(detail: Record<string, unknown>): void {
    const [delivered, read] = [Number(detail["delivered"]), Number(detail["read"])];
    if (detail["member"] === this.about.peer.id) {
      // A mark never goes back, also when frames overtake each other.
      this.about = {
        ...this.about,
        peer_delivered: Math.max(this.about.peer_delivered, delivered || 0),
        peer_read: Math.max(this.about.peer_read, read || 0),
      };
    }
    this.#changed();
  }

  /** Tells the server how far this member has read. */
  read(seq: number): void {
    if (seq <= Math.max(this.#marked, this.about.read_seq)) return;
    this.#marked = seq;
    const marks = { delivered: this.timeline.to, read: seq };
    if (sendFrame({ type: "receipt", conversation: this.id, ...marks })) return;
    api("POST", `/conversations/${this.id}/receipts`, marks).catch(() => (this.#marked = 0));
  }

  typed(): void {
    const now = Date.now();
    if (now - this.#typedAt < TYPING_SENT_MS) return;
    this.#typedAt = now;
    sendFrame({ type: "typing", conversation: this.id });
  }

  #showTyping(): void {
    this.isTyping = true;
    clearTimeout(this.#typingTimer);
    this.#typingTimer = window.setTimeout(() => {
      this.isTyping = false;
      this.#changed();
    }, TYPING_SHOWN_MS);
    this.#changed();
  }

  get isOffline(): boolean {
    return !navigator.onLine || !isConnected();
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

let current: Conversation | null | undefined;

/** What the server wrote at the element, as the API would have said it. */
function readThread({ dataset }: HTMLElement): ThreadData {
  const number = (name: string): number => Number(dataset[name] ?? 0);
  const conversation: WireConversation = {
    id: dataset["conversation"] ?? "",
    mode: dataset["mode"] === "end_to_end" ? "end_to_end" : "standard",
    open: dataset["open"] === "true",
    peer: { id: dataset["peer"] ?? "", handle: dataset["peerHandle"] ?? "", name: dataset["peerName"] ?? "", gone: dataset["peerGone"] === "true" },
    last_seq: number("lastSeq"),
    read_seq: number("readSeq"),
    peer_delivered: number("peerDelivered"),
    peer_read: number("peerRead"),
  };
  return { conversation, items: JSON.parse(dataset["messages"] ?? "[]") as WireMessage[] };
}

/** The conversation of this page; null on pages without one. */
export function conversation(): Conversation | null {
  if (current === undefined) {
    const element = document.querySelector<HTMLElement>("chat-thread[data-conversation]");
    current = element ? new Conversation(readThread(element)) : null;
  }
  return current;
}
