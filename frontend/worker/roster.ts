/** The list of recipients that the server names, checked, and compared with the keys this browser saw first. */
import { type Bytes, FormatError, fromBase64 } from "../pure/bytes.ts";
import { rosterHash } from "../pure/envelope.ts";
import type { WireRoster } from "../pure/wire.ts";
import { Failure } from "./failure.ts";
import type { Peer } from "./protocol.ts";
import { importPublic, keyId } from "./rsa.ts";
import type { Store } from "./store.ts";

export interface Recipient {
  readonly user: string;
  /** The key set's id. */
  readonly device: string;
  readonly encryptKeyId: string;
  readonly encryptSpki: Bytes;
  readonly signKeyId: string;
}

export interface Roster {
  readonly version: number;
  readonly hash: string;
  readonly recipients: readonly Recipient[];
  /** Signing keys that verify old messages, by user. */
  readonly retired: ReadonlyMap<string, readonly string[]>;
  /** The key that verifies this user's messages under this id, or undefined. */
  signingKey(user: string, id: string): Promise<CryptoKey> | undefined;
}

const bad = (detail: string): Failure => new Failure("bad_roster", `The list of recipients ${detail}.`);

/** The roster, when its ids and its hash belong to its keys; rejects with `bad_roster`. */
export async function readRoster(wire: WireRoster): Promise<Roster> {
  try {
    return await read(wire);
  } catch (error) {
    throw error instanceof FormatError ? bad(`has a part that ${error.message}`) : error;
  }
}

async function read(wire: WireRoster): Promise<Roster> {
  const spkis = new Map<string, Bytes>();
  const recipients: Recipient[] = [];
  for (const entry of wire.entries) {
    const encryptSpki = await checkedKey(entry.encrypt_spki, entry.encrypt_key_id);
    spkis.set(`${entry.user} ${entry.sign_key_id}`, await checkedKey(entry.sign_spki, entry.sign_key_id));
    const { user, device, encrypt_key_id: encryptKeyId, sign_key_id: signKeyId } = entry;
    recipients.push({ user, device, encryptKeyId, encryptSpki, signKeyId });
  }
  const retired = new Map<string, string[]>();
  for (const old of wire.retired ?? []) {
    spkis.set(`${old.user} ${old.sign_key_id}`, await checkedKey(old.sign_spki, old.sign_key_id));
    retired.set(old.user, [...(retired.get(old.user) ?? []), old.sign_key_id]);
  }
  if ((await rosterHash(recipients)) !== wire.hash) throw bad("does not have the hash it names");
  return { version: wire.version, hash: wire.hash, recipients, retired, signingKey: keyLookup(spkis) };
}

async function checkedKey(spki: string, id: string): Promise<Bytes> {
  const bytes = fromBase64(spki);
  if ((await keyId(bytes)) !== id) throw bad("names a key that does not belong to its id");
  return bytes;
}

function keyLookup(spkis: ReadonlyMap<string, Bytes>): Roster["signingKey"] {
  const imported = new Map<string, Promise<CryptoKey>>();
  return (user, id) => {
    const name = `${user} ${id}`;
    const spki = spkis.get(name);
    if (spki && !imported.has(name)) imported.set(name, importPublic("sign", spki));
    return imported.get(name);
  };
}

/** Exactly these two members with one key set each; rejects with `bad_roster` for anybody more or less. */
export function requireMembers(roster: Roster, mine: string, peer: string): void {
  const users = roster.recipients.map(({ user }) => user).sort();
  const wanted = [mine, peer].sort();
  if (mine === peer || users.join() !== wanted.join()) throw bad("is not exactly you and the person you write to");
}

/** A member's keys as first seen, and the signing keys that were theirs before. */
interface Pin extends Peer {
  readonly past: readonly string[];
}

/** Trust on first use: what was seen first stays until the reader accepts something else. */
export class Peers {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Remembers the keys of everybody in the roster, or that they differ from those known. */
  async see(roster: Roster, nowMs: number): Promise<void> {
    for (const { user, encryptKeyId: encKeyId, signKeyId: sigKeyId } of roster.recipients) {
      const known = await this.#store.get<Pin>("peers", user);
      // The common case writes nothing: a durable write would be the slowest part of sending.
      if (known && !known.changedTo && known.encKeyId === encKeyId && known.sigKeyId === sigKeyId) continue;
      await this.#store.update<Pin>("peers", user, (pin) => {
        if (!pin) return { user, encKeyId, sigKeyId, firstMs: nowMs, changedTo: null, past: roster.retired.get(user) ?? [] };
        const same = pin.encKeyId === encKeyId && pin.sigKeyId === sigKeyId;
        const isTold = pin.changedTo?.encKeyId === encKeyId && pin.changedTo.sigKeyId === sigKeyId;
        return { ...pin, changedTo: same ? null : isTold ? pin.changedTo : { encKeyId, sigKeyId, seenMs: nowMs } };
      });
    }
  }

  /** True when this signing key is or was the member's as far as this browser accepted. */
  async trusts(user: string, sigKeyId: string): Promise<boolean> {
    const pin = await this.#store.get<Pin>("peers", user);
    return pin !== undefined && (pin.sigKeyId === sigKeyId || pin.past.includes(sigKeyId));
  }

  async hasChanged(user: string): Promise<boolean> {
    return (await this.#store.get<Pin>("peers", user))?.changedTo != null;
  }

  /** The member's new keys take the place of the old ones, whose messages stay good. */
  async accept(user: string): Promise<Peer> {
    const pin = await this.#store.get<Pin>("peers", user);
    if (!pin) throw new Failure("bad_request", "Nothing is known about this member yet.");
    return asPeer(pin.changedTo ? await this.replace(user, pin.changedTo) : pin);
  }

  /** As `accept`, for keys this browser made itself; rejects for a member never seen. */
  async replace(user: string, keys: { encKeyId: string; sigKeyId: string }): Promise<Pin> {
    return this.#store.update<Pin>("peers", user, (pin) => {
      if (!pin) throw new Failure("bad_request", "Nothing is known about this member yet.");
      if (pin.sigKeyId === keys.sigKeyId && pin.encKeyId === keys.encKeyId) return { ...pin, changedTo: null };
      return { ...pin, encKeyId: keys.encKeyId, sigKeyId: keys.sigKeyId, changedTo: null, past: [...pin.past, pin.sigKeyId] };
    });
  }

  async isKnown(user: string): Promise<boolean> {
    return (await this.#store.get<Pin>("peers", user)) !== undefined;
  }

  async list(): Promise<Peer[]> {
    return (await this.#store.list<Pin>("peers")).map(asPeer);
  }
}

const asPeer = ({ past: _, ...peer }: Pin): Peer => peer;
