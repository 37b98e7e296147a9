// What is known of the conversation of this page: its messages, its keys, what stands in the way. The rooms beside this
// one change it: receiving.ts, sending.ts and proving.ts.
import { type Bubble, Timeline } from "../pure/timeline.ts";
import type { Uuid, WireRoster } from "../pure/wire.ts";
import type { LedgerAlarm, Peer, ProofStep } from "../worker/protocol.ts";
import { api, ApiProblem, type WireConversation } from "./api.ts";
import { CryptoError } from "./crypto-client.ts";
import { type Keyring, keyring, memberId } from "./keyring.ts";

/** How many messages are asked for at once. */
export const PAGE = 50;
/** When something that could not be done is tried again. */
export const RETRY_MS = 4000;

export interface Ledger {
  /** What contradicts what this browser pinned, or null. */
  readonly alarm: LedgerAlarm | null;
  readonly steps: readonly ProofStep[];
}

/** Why nothing can be sent just now, in the order of urgency. */
export type Obstacle = "signed_out" | "storage" | "keys" | "peer_keys" | null;

export class Thread {
  readonly timeline = new Timeline();
  readonly me = memberId();
  about: WireConversation;
  ledger: Ledger = { alarm: null, steps: [] };
  /** The number of the first message that was unread when the page opened, or 0. */
  unreadFrom = 0;
  keys: Keyring | null = null;
  peerKeys: Peer | null = null;
  obstacle: Obstacle = null;
  isTyping = false;
  isLoading = true;
  /** Why older or newer messages could not be fetched, for a person. */
  trouble = "";
  roster: WireRoster | null = null;

  readonly #listeners = new Set<() => void>();
  readonly #arrivals = new Set<(bubble: Bubble) => void>();

  constructor(about: WireConversation) {
    this.about = about;
    this.timeline.reached(about.last_seq);
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

  changed(): void {
    for (const listener of this.#listeners) listener();
  }

  announce(bubble: Bubble): void {
    this.isTyping = false;
    for (const arrived of this.#arrivals) arrived(bubble);
  }

  explain(error: unknown): string {
    if (error instanceof ApiProblem || error instanceof CryptoError) return error.message;
    throw error;
  }

  blocked(obstacle: Obstacle): void {
    this.obstacle = obstacle;
    this.changed();
  }

  async openKeys(): Promise<void> {
    try {
      this.keys = await keyring();
      const peers = await this.keys.box.peers();
      // Keys of the peer are known from sealed messages alone, and who sealed once never goes back.
      if (peers.some(({ user }) => user === this.about.peer.id)) this.about = { ...this.about, mode: "end_to_end" };
      this.obstacle = this.about.mode === "end_to_end" && this.keys.state !== "ready" ? "keys" : null;
      this.watchPeer(peers);
    } catch (error) {
      this.keys = null;
      if (error instanceof CryptoError) this.obstacle = "storage";
    }
  }

  watchPeer(peers: readonly Peer[]): void {
    const peer = peers.find(({ user }) => user === this.about.peer.id) ?? null;
    this.peerKeys = peer?.changedTo ? peer : null;
    if (this.peerKeys) this.obstacle ??= "peer_keys";
  }

  /** Asks how the conversation stands now: it turns end-to-end as soon as both have keys. */
  async relearn(): Promise<void> {
    try {
      await this.ask();
    } catch (error) {
      this.trouble = this.explain(error);
    }
    if (this.about.mode === "end_to_end" && this.keys?.state !== "ready") this.obstacle ??= "keys";
  }

  /** The mode that the server names; a conversation that was sealed stays so here whatever it says. */
  async ask(): Promise<WireConversation["mode"]> {
    const about = await api<WireConversation>("GET", `/conversations/${this.id}`);
    this.about = this.about.mode === "end_to_end" ? { ...about, mode: "end_to_end" } : about;
    return about.mode;
  }

  async getRoster(): Promise<WireRoster> {
    const device = this.keys?.status.device;
    this.roster ??= await api<WireRoster>("GET", `/conversations/${this.id}/roster${device ? `?device=${device}` : ""}`);
    return this.roster;
  }
}
