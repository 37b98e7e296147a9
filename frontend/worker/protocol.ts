/**
 * What a page may ask of the crypto worker, and what it gets back. Private keys never cross this line,
 * except once as the encrypted recovery file. Types only: both sides of the wire import them.
 *
 * A request is `{id, op, params}`; its answer is `{replyTo, ok: true, result}` or
 * `{replyTo, ok: false, error}`; long operations send `{replyTo, progress}` before that.
 * `start` comes first: it names the member and the instance, and with them the database.
 */
import type {
  Base64,
  Hex,
  Millis,
  Uuid,
  WireChain,
  WireMessage,
  WireProofs,
  WireRoster,
  WireSealed,
} from "../pure/wire.ts";

/** Nothing (`none`), made or restored but not yet published (`pending`), published and stored (`ready`). */
export type KeyState = "none" | "pending" | "ready";

export interface Status {
  readonly user: Uuid;
  readonly origin: string;
  readonly keys: KeyState;
  /** True when keys are stored, also while others are pending; the ids are then those of the stored ones. */
  readonly hasKeys: boolean;
  readonly keySet: Uuid | null;
  readonly device: Uuid | null;
  readonly encKeyId: Hex | null;
  readonly sigKeyId: Hex | null;
  /** New keys whose recovery file was not proven yet: `exportRecovery` will work. */
  readonly canExport: boolean;
  /** The browser promised not to evict the database by itself. */
  readonly persistent: boolean;
}

/** The body of POST /api/v1/keys/challenge is `{encrypt_spki, sign_spki, key_set, device}` of this. */
export interface PublicKeys {
  readonly keySet: Uuid;
  readonly device: Uuid;
  readonly encryptSpki: Base64;
  readonly signSpki: Base64;
  readonly encKeyId: Hex;
  readonly sigKeyId: Hex;
}

export interface Recovery {
  /** The text of the file to offer for download; opens with `openssl pkey`. */
  readonly pem: string;
  readonly filename: string;
  /** Eight groups of four, joined by hyphens: this is the passphrase of the file. */
  readonly passphrase: string;
  readonly groups: readonly string[];
}

/** The keys the server says are published (`GET /api/v1/keys/mine`), to compare a file with. */
export interface PublishedKeys {
  readonly key_set: Uuid;
  readonly encrypt: { readonly spki: Base64 };
  readonly sign: { readonly spki: Base64 };
}

export interface SealParams {
  readonly conversation: Uuid;
  readonly message: Uuid;
  /** The member the user believes to write to; a roster with anybody else is refused. */
  readonly peer: Uuid;
  readonly text: string;
  readonly createdMs: Millis;
  readonly roster: WireRoster;
  /** What the server last accepted from this device: `roster.mine`, `counter` and `prev` of a
   * `counter_conflict`, or `chain` of the sealed draft that was accepted just before. */
  readonly last: WireChain;
}

export interface Sealed {
  /** Post as it is. */
  readonly draft: WireSealed;
  /** `last` of the next `seal` once this draft is accepted. */
  readonly chain: WireChain;
}

/** The padded payload of one message and the key of its commitment: they open no other message. */
export interface Disclosed {
  readonly id: Uuid;
  readonly payload: Base64;
  readonly frank: Base64;
}

/**
 * Why a message is doubtful. Where `fatal`, there is no text: the worker shows nothing it could not
 * verify.
 *
 * | code | meaning |
 * |-|-|
 * | `header` | not a BYE1 header, or fields that are not allowed |
 * | `suite` | a suite this client does not know |
 * | `context` | the header belongs to another instance, conversation, message or sender |
 * | `key` | the signing key is not one of the sender's known keys |
 * | `signature` | the signature does not match the bytes |
 * | `wrap` | no wrap for this browser's keys, or it does not open |
 * | `body` | the text does not decrypt: it was altered |
 * | `commitment` | the commitment does not match the text |
 * | `roster` | the signed list of recipients is not the one the server names |
 * | `repeat` | another message with the same counter came from the same device |
 * | `gap` | messages of this device are missing before this one |
 * | `chain` | the message before it is not the one its sender saw |
 * | `changed` | this browser read other bytes under this id before; `original` is what it read |
 * | `peer_key` | the sender's keys are not those this browser first saw (see `peers`) |
 * | `no_keys` | this browser has no keys yet |
 */
export type ProblemCode =
  | "header"
  | "suite"
  | "context"
  | "key"
  | "signature"
  | "wrap"
  | "body"
  | "commitment"
  | "roster"
  | "repeat"
  | "gap"
  | "chain"
  | "changed"
  | "peer_key"
  | "no_keys";

export interface Problem {
  readonly code: ProblemCode;
  readonly fatal: boolean;
  /** One English sentence for a person who looks closer. */
  readonly detail: string;
}

export interface Opened {
  readonly id: Uuid;
  readonly seq: number;
  readonly text: string | null;
  /** The whole JSON of the payload (`text` and later fields), or null. */
  readonly json: Readonly<Record<string, unknown>> | null;
  /** The sender's clock from the signed header; 0 where the header is unreadable. */
  readonly createdMs: Millis;
  readonly device: Uuid | null;
  /** Only with `changed`: the verified text that this browser read earlier. */
  readonly original: string | null;
  readonly problems: readonly Problem[];
}

/** One member's keys as this browser first saw them, and others it was shown since. */
export interface Peer {
  readonly user: Uuid;
  readonly encKeyId: Hex;
  readonly sigKeyId: Hex;
  readonly firstMs: Millis;
  /** Newer keys that the user has not accepted yet. */
  readonly changedTo: { readonly encKeyId: Hex; readonly sigKeyId: Hex; readonly seenMs: Millis } | null;
}

export type OutboxState = "queued" | "failed";

/** One unsent message. `sealed` is kept so that a repeat sends the same bytes under the same id. */
export interface OutboxItem {
  readonly id: Uuid;
  readonly conversation: Uuid;
  readonly text: string;
  readonly createdMs: Millis;
  readonly state: OutboxState;
  readonly problem?: string;
  readonly sealed?: Sealed;
}

/** `failed` is an alarm, `unchecked` is a step that could not be done here (`detail` says why). */
export type StepState = "ok" | "failed" | "unchecked";

/**
 * One step of a proof and what was compared. Steps of an answer: `vkey`, `checkpoint`, `consistency`;
 * steps of a message: `text`, `commitment`, `inclusion`, `block`; of an erased one `erasure`, `inclusion`, `block`; of
 * one that the staff removed `removal`, `commitment`, `inclusion`, `block`, and `removal` also once it was put back.
 */
export interface ProofStep {
  readonly name: "vkey" | "checkpoint" | "consistency" | "text" | "commitment" | "erasure" | "removal" | "inclusion" | "block";
  readonly state: StepState;
  readonly detail: string;
  readonly expected: string | null;
  readonly found: string | null;
}

export interface ProofResult {
  readonly seq: number;
  readonly message: Uuid;
  /** `sealed` when every step is ok, or `erased` or `removed` if that is what they prove; `altered` when one failed;
   * `unchecked` when one could not be done. */
  readonly state: "sealed" | "erased" | "removed" | "altered" | "unchecked";
  /** True where nothing is wrong but the entry that says what became of the message is not in a block yet. */
  readonly waits: boolean;
  /** Milliseconds of the day on which the message was erased, if it was. */
  readonly erasedMs: Millis | null;
  /** What the staff did to it last, if they did; `backMs` is when they put it back. */
  readonly removal: { readonly reason: string; readonly removedMs: Millis; readonly backMs: Millis | null } | null;
  /** Null when the server shows no entry at all. */
  readonly index: number | null;
  readonly block: { readonly number: number; readonly hash: Hex; readonly timestampMs: Millis } | null;
  readonly steps: readonly ProofStep[];
}

/** `rollback`: the log is shorter than pinned; `fork`: same size or longer with another history. */
export type LedgerAlarm = "rollback" | "fork" | "key_changed" | "bad_signature" | "bad_checkpoint";

export interface PinnedCheckpoint {
  readonly vkey: string;
  readonly origin: string;
  readonly size: number;
  readonly root: Hex;
  readonly note: string;
  readonly seenMs: Millis;
}

export interface ProofReport {
  readonly alarm: LedgerAlarm | null;
  readonly steps: readonly ProofStep[];
  readonly items: readonly ProofResult[];
  /** Sequence numbers that are accepted but not yet in a block. */
  readonly pending: readonly number[];
  /** What this browser trusts from now on; unchanged when there is an alarm. */
  readonly pinned: PinnedCheckpoint | null;
}

/** Every operation with its parameters and result. */
export interface Operations {
  start: { params: { user: Uuid; origin: string }; result: Status };
  status: { params: Record<string, never>; result: Status };
  /** Makes two RSA-3072 pairs and holds them pending; progress `{step, of}`. */
  generate: { params: Record<string, never>; result: PublicKeys };
  /** Signs and decrypts the two challenges of POST /api/v1/keys/challenge with the pending keys. */
  prove: {
    params: { signChallenge: Base64; encryptChallenge: Base64 };
    result: { signature: Base64; decrypted: Base64 };
  };
  /** Stores the pending keys, non-extractable, after the server took them. */
  activate: { params: Record<string, never>; result: Status };
  /** Forgets pending keys; stored ones stay. */
  discard: { params: Record<string, never>; result: Status };
  exportRecovery: { params: Record<string, never>; result: Recovery };
  /** Deletes the copy that `exportRecovery` needs, once the file is proven. */
  dropRecovery: { params: Record<string, never>; result: Status };
  /** Opens a recovery file into pending keys with a new device id; then prove and activate. */
  importRecovery: {
    params: { pem: string; passphrase: string; published: PublishedKeys | null };
    result: PublicKeys;
  };
  seal: { params: SealParams; result: Sealed };
  /** Opens messages of one conversation, in ascending order of `seq`, without holes where possible. */
  open: { params: { messages: readonly WireMessage[]; roster: WireRoster }; result: readonly Opened[] };
  /** What shows messages to a third party, such as the staff who decide a claim: only where the member chose it. */
  disclose: { params: { messages: readonly WireMessage[]; roster: WireRoster }; result: readonly Disclosed[] };
  /** Text this browser verified earlier, without asking the server; null where it has none. */
  readCache: { params: { ids: readonly Uuid[] }; result: Readonly<Record<Uuid, string | null>> };
  /** Remembers the text of a message this member just sent, so that no unwrap is needed. */
  cacheText: { params: { sealed: WireSealed; text: string }; result: null };
  peers: { params: Record<string, never>; result: readonly Peer[] };
  /** The user looked at a changed key and goes on with it. */
  acceptPeer: { params: { user: Uuid }; result: Peer };
  "outbox.put": { params: OutboxItem; result: null };
  /** Oldest first; of all conversations when none is named. */
  "outbox.list": { params: { conversation?: Uuid }; result: readonly OutboxItem[] };
  "outbox.remove": { params: { id: Uuid }; result: null };
  /** An empty text removes the draft. */
  "draft.put": { params: { conversation: Uuid; text: string }; result: null };
  "draft.get": { params: { conversation: Uuid }; result: string };
  /** The size to ask the server's consistency proof from (`pinned=`); 0 when nothing is pinned. */
  pinned: { params: Record<string, never>; result: PinnedCheckpoint | null };
  checkProofs: {
    /** `gone` are members whose accounts are erased: only their messages may be, too. */
    params: { proofs: WireProofs; messages: readonly WireMessage[]; gone?: readonly Uuid[] };
    result: ProofReport;
  };
  /** Deletes keys, cache, outbox, pins: everything of this member in this browser. */
  wipe: { params: Record<string, never>; result: null };
}

export type Op = keyof Operations;

export type Request = { [O in Op]: { id: number; op: O; params: Operations[O]["params"] } }[Op];

/**
 * | code | meaning |
 * |-|-|
 * | `not_started` | `start` has not been called |
 * | `no_keys` | this browser has no stored keys |
 * | `no_pending` | nothing was generated or restored |
 * | `not_exportable` | the extractable copy is gone; make new keys to get a new file |
 * | `bad_file` | the recovery file is damaged or of another kind |
 * | `wrong_passphrase` | the passphrase does not open the file, or the file is damaged |
 * | `wrong_member` | the file belongs to another member |
 * | `key_mismatch` | the file does not hold the keys that are published |
 * | `bad_roster` | the list of recipients is inconsistent or names strangers |
 * | `peer_key_changed` | the peer has other keys than before; ask the user, then `acceptPeer` |
 * | `own_key_mismatch` | the server names other keys for this member than this browser holds |
 * | `too_long` | over 65,536 bytes of text |
 * | `bad_request` | a malformed request |
 * | `storage` | the browser's database refused |
 * | `failed` | anything else; `message` has the words of the browser |
 */
export type ErrorCode =
  | "not_started"
  | "no_keys"
  | "no_pending"
  | "not_exportable"
  | "bad_file"
  | "wrong_passphrase"
  | "wrong_member"
  | "key_mismatch"
  | "bad_roster"
  | "peer_key_changed"
  | "own_key_mismatch"
  | "too_long"
  | "bad_request"
  | "storage"
  | "failed";

export interface WorkerProblem {
  readonly code: ErrorCode;
  readonly message: string;
}

export interface Progress {
  readonly step: number;
  readonly of: number;
}

export type Reply =
  | { readonly replyTo: number; readonly ok: true; readonly result: unknown }
  | { readonly replyTo: number; readonly ok: false; readonly error: WorkerProblem }
  | { readonly replyTo: number; readonly progress: Progress };
