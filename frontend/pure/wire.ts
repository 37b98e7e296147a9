/**
 * What the API sends and takes, exactly as it stands in its JSON: ids are UUID strings, `Base64` is
 * standard base64 with padding, `Hex` is lower case, times are milliseconds since the epoch.
 * Types only; the worker checks every field again before it believes one.
 */

export type Uuid = string;
export type Base64 = string;
export type Hex = string;
export type Millis = number;

/** The sealed message secret for one key set of the roster. `device` is the key set's id. */
export interface WireWrap {
  readonly device: Uuid;
  readonly key_id: Hex;
  readonly wrap: Base64;
}

export type WireMode = "standard" | "end_to_end";

export interface WireMessage {
  readonly id: Uuid;
  readonly conversation: Uuid;
  readonly seq: number;
  readonly sender: Uuid;
  readonly mode: WireMode;
  readonly header: Base64;
  readonly body: Base64;
  readonly signature: Base64 | null;
  readonly wraps: readonly WireWrap[];
  readonly received_ms: Millis;
  readonly text: string | null;
  readonly damaged: boolean;
  /** Its author erased their account: header, body and signature are empty. */
  readonly erased: boolean;
  /** The staff removed it: header, body and signature are withheld. */
  readonly removed: { readonly reason: string; readonly at_ms: Millis } | null;
}

/** One active key set of one member. `device` is the key set's id, the word the roster hash uses. */
export interface WireRosterEntry {
  readonly user: Uuid;
  readonly device: Uuid;
  readonly encrypt_key_id: Hex;
  readonly encrypt_spki: Base64;
  readonly sign_key_id: Hex;
  readonly sign_spki: Base64;
}

/** A signing key that no longer signs new messages but still verifies old ones. */
export interface WireRetiredKey {
  readonly user: Uuid;
  readonly sign_key_id: Hex;
  readonly sign_spki: Base64;
}

/**
 * The last message that the server accepted from one device in one conversation: its counter (0 when
 * there is none) and what the next header must carry as `prev` (zeros when there is none).
 */
export interface WireChain {
  readonly counter: number;
  readonly prev: Hex;
}

export interface WireRoster {
  readonly version: number;
  readonly hash: Hex;
  readonly entries: readonly WireRosterEntry[];
  readonly retired?: readonly WireRetiredKey[];
  readonly mine?: (WireChain & { readonly device: Uuid }) | null;
}

/** The draft of an end-to-end message, ready for POST or a `send` frame. */
export interface WireSealed {
  readonly id: Uuid;
  readonly header: Base64;
  readonly body: Base64;
  readonly signature: Base64;
  readonly wraps: readonly WireWrap[];
}

/** An entry and where it stands in the log. */
export interface WirePlace {
  readonly index: number;
  readonly entry: Hex;
  readonly path: readonly Hex[];
  readonly block: { readonly number: number; readonly header: Hex };
}

/** What the log's key signed about an erased message; `seal` is null until the entry that says so is in a block. */
export interface WireErasure {
  readonly day: number;
  readonly reason: number;
  readonly signature: Hex;
  readonly seal: WirePlace | null;
}

/** What the log's key signed about a message that the staff removed (odd numbers) or put back (even ones). */
export interface WireRemoval {
  readonly number: number;
  readonly at_ms: Millis;
  readonly target: Hex;
  readonly words: string;
  readonly salt: Hex;
  readonly signature: Hex;
  readonly seal: WirePlace | null;
}

/** `salt` is null once it was destroyed; an honest server then shows the `erasure`. */
export interface WireProof extends WirePlace {
  readonly seq: number;
  readonly message: Uuid;
  readonly salt: Hex | null;
  readonly kind: number;
  readonly erasure?: WireErasure | null;
  /** Everything that the staff did to it, in its order. */
  readonly removals?: readonly WireRemoval[];
  /** What the entry commits to, for a message whose bytes are withheld. */
  readonly opening?: Hex | null;
}

/** Answer of GET …/conversations/{id}/proofs. `consistency` leads from the `pinned` size asked for. */
export interface WireProofs {
  readonly checkpoint: string;
  readonly vkey: string;
  readonly consistency: readonly Hex[];
  readonly items: readonly WireProof[];
  readonly pending: readonly number[];
}
