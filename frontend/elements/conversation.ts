// The conversation of this page. The elements paint what stands here and call its methods; they keep no messages of
// their own.
import type { Bubble } from "../pure/timeline.ts";
import type { Uuid, WireMessage } from "../pure/wire.ts";
import { api, type WireConversation } from "./api.ts";
import { Proving } from "./proving.ts";
import { Receiving } from "./receiving.ts";
import { Sending } from "./sending.ts";
import { isConnected, sendFrame } from "./socket.ts";
import { Thread } from "./thread.ts";

const TYPING_SHOWN_MS = 6000;
const TYPING_SENT_MS = 3000;

interface ThreadData {
  readonly conversation: WireConversation;
  readonly items: readonly WireMessage[];
}

export class Conversation extends Thread {
  readonly #proving = new Proving(this, (wires) => this.receiving.place(wires));
  readonly receiving = new Receiving(
    this,
    () => this.#proving.soon(),
    () => void this.#connection(),
  );
  readonly #sending = new Sending(this, () => this.#left());
  #typingTimer = 0;
  #typedAt = 0;
  #marked = 0;

  constructor(data: ThreadData) {
    super(data.conversation);
    void this.#start(data.items);
  }

  async #start(items: readonly WireMessage[]): Promise<void> {
    this.#listen();
    const first = items[0]?.seq ?? this.about.last_seq + 1;
    this.timeline.restart(first, first - 1);
    this.unreadFrom = items.find(({ seq, sender }) => seq > this.about.read_seq && sender !== this.me)?.seq ?? 0;
    await this.openKeys();
    try {
      await this.receiving.place(items);
      if (items.length > 0) this.timeline.answered(first, items.at(-1)!.seq);
      else if (this.about.last_seq > 0) await this.receiving.repair(false);
      await this.#sending.showWaiting();
    } catch (error) {
      this.receiving.failed(error);
    }
    this.isLoading = false;
    this.changed();
    this.#proving.soon();
    void this.#sending.drain();
  }

  #listen(): void {
    const on = (type: string, use: (detail: Record<string, unknown>) => void): void =>
      document.body.addEventListener(type, (event) => use((event as CustomEvent<Record<string, unknown>>).detail));
    const here = (use: (detail: Record<string, unknown>) => void) => (detail: Record<string, unknown>): void => {
      if (detail["conversation"] === this.id) use(detail);
    };
    on("by:message.new", here((detail) => void this.receiving.arrive(detail["message"] as WireMessage)));
    on("by:message.changed", here(() => void this.receiving.refresh()));
    on("by:receipt", here((detail) => this.#receipt(detail)));
    on("by:typing", here((detail) => detail["member"] !== this.me && this.#showTyping()));
    for (const type of ["by:connected", "by:reconnected", "by:disconnected"]) on(type, () => void this.#connection());
    on("by:keys", () => void this.#keysChanged());
    on("by:session-ended", () => this.blocked("signed_out"));
    addEventListener("online", () => void this.#connection());
    addEventListener("offline", () => this.changed());
  }

  async #connection(): Promise<void> {
    this.changed();
    if (!isConnected() || this.isLoading) return;
    // A page that opened while the server was away could not even ask for the keys.
    if (!this.keys) await this.#keysChanged();
    await this.receiving.repair(this.timeline.isAtEnd);
    this.#proving.soon();
    await this.#sending.drain();
  }

  #left(): void {
    if (this.timeline.hole !== null) void this.receiving.repair(true);
    this.changed();
    this.#proving.soon();
  }

  /** After keys were made, restored or replaced here or in another tab. */
  async #keysChanged(): Promise<void> {
    this.obstacle = null;
    this.roster = null;
    await this.openKeys();
    await this.relearn();
    await this.#reopen();
  }

  /** Reads again what is shown, after something changed that decides what can be read and trusted. */
  async #reopen(): Promise<void> {
    for (const { id, seal } of this.timeline.shown) if (seal === "unchecked") this.timeline.change(id, { seal: "pending" });
    try {
      await this.receiving.place(this.timeline.shown.flatMap(({ wire }) => (wire ? [wire] : [])));
      this.trouble = "";
    } catch (error) {
      this.trouble = this.explain(error);
    }
    this.changed();
    this.#proving.soon();
    await this.#sending.drain();
  }

  /** The reader looked at the peer's new keys and goes on with them. */
  async acceptPeer(): Promise<void> {
    if (!this.keys) return;
    await this.keys.box.acceptPeer(this.about.peer.id);
    this.peerKeys = null;
    this.obstacle = null;
    this.roster = null;
    await this.openKeys();
    await this.#reopen();
  }

  /** The message stands in the outbox and on the page; it leaves as soon as it can. */
  send(text: string): Promise<void> {
    return this.#sending.send(text);
  }

  /** Tries a failed message again. */
  retry(id: Uuid): Promise<void> {
    return this.#sending.retry(id);
  }

  /** Gives a failed message up. */
  giveUp(id: Uuid): Promise<void> {
    return this.#sending.giveUp(id);
  }

  /** Checks these messages against the ledger now. Rejects with `ApiProblem` or `CryptoError`. */
  check(ids: readonly Uuid[]): Promise<void> {
    return this.#proving.check(ids);
  }

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
    this.changed();
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
      this.changed();
    }, TYPING_SHOWN_MS);
    this.changed();
  }

  get isOffline(): boolean {
    return !navigator.onLine || !isConnected();
  }
}

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
