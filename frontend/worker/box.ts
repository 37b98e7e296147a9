/** Every operation of the protocol for one member of one instance. */
import { FormatError, fromBase64 } from "../pure/bytes.ts";
import type { WireRoster } from "../pure/wire.ts";
import { disclose, open, type Reading, seal } from "./envelopes.ts";
import { Failure } from "./failure.ts";
import { History } from "./history.ts";
import { Locker } from "./locker.ts";
import { checkProofs, pinnedCheckpoint } from "./proofs.ts";
import type { Op, Operations, OutboxItem, Progress, Status } from "./protocol.ts";
import { Peers, readRoster } from "./roster.ts";
import type { Store } from "./store.ts";
import { envelopeDigest, Texts, textOf } from "./texts.ts";
import { type KeySet, Vault } from "./vault.ts";

export interface Host {
  now(): number;
  isPersistent(): Promise<boolean>;
}

type Handlers = {
  [O in Exclude<Op, "start">]: (
    params: Operations[O]["params"],
    progress: (progress: Progress) => void,
  ) => Promise<Operations[O]["result"]>;
};

interface SealedRow {
  readonly id: string;
  readonly sealed: Uint8Array<ArrayBuffer>;
}

export class Box {
  readonly #store: Store;
  readonly #user: string;
  readonly #origin: string;
  readonly #host: Host;
  readonly #vault: Vault;
  readonly #peers: Peers;
  readonly #locker: Locker;
  readonly #texts: Texts;
  readonly #history: History;

  constructor(store: Store, user: string, origin: string, host: Host) {
    this.#store = store;
    this.#user = user;
    this.#origin = origin;
    this.#host = host;
    this.#locker = new Locker(store);
    this.#vault = new Vault(store, this.#locker, user, origin);
    this.#peers = new Peers(store);
    this.#texts = new Texts(store, this.#locker);
    this.#history = new History(store);
  }

  /** Runs one operation; rejects with `Failure`. */
  async run<O extends Exclude<Op, "start">>(
    op: O,
    params: Operations[O]["params"],
    progress: (progress: Progress) => void = () => undefined,
  ): Promise<Operations[O]["result"]> {
    if (!Object.hasOwn(this.#handlers, op)) throw new Failure("bad_request", `There is no operation ${String(op)}.`);
    try {
      return await this.#handlers[op](params, progress);
    } catch (error) {
      if (error instanceof FormatError) throw new Failure("bad_request", `The request's ${error.message}.`);
      throw error;
    }
  }

  readonly #handlers: Handlers = {
    status: () => this.#status(),
    generate: (_, progress) => this.#vault.generate(this.#host.now(), progress),
    prove: ({ signChallenge, encryptChallenge }) => this.#vault.prove(fromBase64(signChallenge), fromBase64(encryptChallenge)),
    activate: () => this.#activate(),
    discard: () => {
      this.#vault.discard();
      return this.#status();
    },
    exportRecovery: () => this.#vault.exportRecovery(),
    dropRecovery: async () => {
      await this.#vault.dropRecovery();
      return this.#status();
    },
    importRecovery: ({ pem, passphrase, published }) => this.#vault.importRecovery(pem, passphrase, published, this.#host.now()),
    seal: (params) => this.#seal(params),
    open: (params) => this.#open(params),
    disclose: (params) => this.#disclose(params),
    readCache: ({ ids }) => this.#readCache(ids),
    cacheText: async ({ sealed, text }) => {
      await this.#texts.keep(sealed.id, await envelopeDigest(sealed), { text });
      return null;
    },
    peers: async () => (await this.#peers.list()).filter(({ user }) => user !== this.#user),
    acceptPeer: ({ user }) => this.#peers.accept(user),
    "outbox.put": (item) => this.#hide("outbox", item.id, item),
    "outbox.list": ({ conversation }) => this.#outbox(conversation),
    "outbox.remove": ({ id }) => this.#remove("outbox", id),
    "draft.put": ({ conversation, text }) =>
      text === "" ? this.#remove("drafts", conversation) : this.#hide("drafts", conversation, text),
    "draft.get": async ({ conversation }) => (await this.#show<string>("drafts", conversation)) ?? "",
    pinned: async () => (await pinnedCheckpoint(this.#store)) ?? null,
    checkProofs: ({ proofs, messages, gone = [] }) =>
      checkProofs(proofs, messages, { store: this.#store, texts: this.#texts, nowMs: this.#host.now(), gone }),
    wipe: async () => {
      this.#vault.discard();
      await this.#store.wipe();
      return null;
    },
  };

  async #status(): Promise<Status> {
    const stored = await this.#vault.current();
    const shown: KeySet | null = stored ?? this.#vault.pending;
    return {
      user: this.#user,
      origin: this.#origin,
      keys: this.#vault.pending ? "pending" : stored ? "ready" : "none",
      hasKeys: stored !== null,
      keySet: shown?.keySet ?? null,
      device: shown?.device ?? null,
      encKeyId: shown?.encrypt.id ?? null,
      sigKeyId: shown?.sign.id ?? null,
      canExport: await this.#vault.canExport(),
      persistent: await this.#host.isPersistent(),
    };
  }

  async #activate(): Promise<Status> {
    const { encrypt, sign } = await this.#vault.activate();
    // Keys that this browser made or restored itself are no change to be warned of.
    if (await this.#peers.isKnown(this.#user)) {
      await this.#peers.replace(this.#user, { encKeyId: encrypt.id, sigKeyId: sign.id });
    }
    return this.#status();
  }

  async #seal(params: Operations["seal"]["params"]): Promise<Operations["seal"]["result"]> {
    const keys = await this.#vault.current();
    if (!keys) throw new Failure("no_keys", "This browser has no keys yet.");
    const roster = await readRoster(params.roster);
    await this.#peers.see(roster, this.#host.now());
    if (await this.#peers.hasChanged(params.peer)) {
      throw new Failure("peer_key_changed", "The person you write to has other keys than before.");
    }
    return seal(params, roster, keys, this.#user, this.#origin);
  }

  async #open({ messages, roster: wire }: Operations["open"]["params"]): Promise<Operations["open"]["result"]> {
    const reading = await this.#reading(wire);
    const opened = [];
    // One after the other: each message is checked against those before it.
    for (const message of messages.toSorted((a, b) => a.seq - b.seq)) opened.push(await open(message, reading));
    return opened;
  }

  async #reading(wire: WireRoster): Promise<Reading> {
    const keys = await this.#vault.all();
    if (keys.length === 0) throw new Failure("no_keys", "This browser has no keys yet.");
    const roster = await readRoster(wire);
    await this.#peers.see(roster, this.#host.now());
    return { origin: this.#origin, keys, roster, peers: this.#peers, texts: this.#texts, history: this.#history };
  }

  async #disclose({ messages, roster }: Operations["disclose"]["params"]): Promise<Operations["disclose"]["result"]> {
    const reading = await this.#reading(roster);
    const found = await Promise.all(messages.map((message) => disclose(message, reading)));
    return found.filter((each) => each !== null);
  }

  async #readCache(ids: readonly string[]): Promise<Record<string, string | null>> {
    const found: Record<string, string | null> = {};
    for (const id of ids) {
      const known = await this.#texts.get(id);
      found[id] = known && textOf(known.json);
    }
    return found;
  }

  async #outbox(conversation?: string): Promise<OutboxItem[]> {
    const rows = await this.#store.list<SealedRow>("outbox");
    const items = await Promise.all(rows.map(({ id, sealed }) => this.#locker.open<OutboxItem>("outbox", id, sealed)));
    return items
      .filter((item) => conversation === undefined || item.conversation === conversation)
      .sort((a, b) => a.createdMs - b.createdMs || (a.id < b.id ? -1 : 1));
  }

  async #hide(table: "outbox" | "drafts", id: string, value: unknown): Promise<null> {
    await this.#store.put(table, id, { id, sealed: await this.#locker.close(table, id, value) } satisfies SealedRow);
    return null;
  }

  async #show<T>(table: "outbox" | "drafts", id: string): Promise<T | undefined> {
    const row = await this.#store.get<SealedRow>(table, id);
    return row && this.#locker.open<T>(table, id, row.sealed);
  }

  async #remove(table: "outbox" | "drafts", id: string): Promise<null> {
    await this.#store.remove(table, id);
    return null;
  }
}
