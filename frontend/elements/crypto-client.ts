/**
 * The page's side of the crypto worker: one promise per request, errors with a code, progress by
 * callback. Holds no keys and no decrypted history.
 *
 *     import workerFile from "../worker/crypto.worker.ts?worker&url";
 *     const box = new CryptoClient(new Worker(workerURL(workerFile), { type: "module" }));
 *     await box.start(member, document.documentElement.dataset.origin);
 */
import type { Uuid, WireMessage, WireProofs, WireRoster, WireSealed } from "../pure/wire.ts";
import type {
  Disclosed,
  ErrorCode,
  Op,
  Opened,
  Operations,
  OutboxItem,
  Peer,
  PinnedCheckpoint,
  Progress,
  ProofReport,
  PublicKeys,
  PublishedKeys,
  Recovery,
  Reply,
  Sealed,
  SealParams,
  Status,
} from "../worker/protocol.ts";

export type { Disclosed, Opened, OutboxItem, Problem, ProofReport, ProofResult, ProofStep, Sealed, Status } from "../worker/protocol.ts";

/** A refusal by the worker; `code` is stable, `message` is for a person. */
export class CryptoError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.name = "CryptoError";
    this.code = code;
  }
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: CryptoError): void;
  progress?: ((progress: Progress) => void) | undefined;
}

export class CryptoClient {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  #dead: CryptoError | null = null;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.addEventListener("message", (event: MessageEvent<Reply>) => this.#receive(event.data));
    // Without this a worker that cannot load would leave every promise open for ever.
    worker.addEventListener("error", (event) => this.#die(event.message || "The crypto worker could not start."));
    worker.addEventListener("messageerror", () => this.#die("The crypto worker sent something unreadable."));
  }

  /** Sends one operation; rejects with `CryptoError`. */
  call<O extends Op>(
    op: O,
    params: Operations[O]["params"],
    progress?: (progress: Progress) => void,
  ): Promise<Operations[O]["result"]> {
    if (this.#dead) return Promise.reject(this.#dead);
    const id = this.#next++;
    return new Promise<Operations[O]["result"]>((resolve, reject) => {
      this.#waiting.set(id, { resolve: (result) => resolve(result as Operations[O]["result"]), reject, progress });
      this.#worker.postMessage({ id, op, params });
    });
  }

  start(user: Uuid, origin: string): Promise<Status> {
    return this.call("start", { user, origin });
  }
  status(): Promise<Status> {
    return this.call("status", {});
  }
  generate(progress?: (progress: Progress) => void): Promise<PublicKeys> {
    return this.call("generate", {}, progress);
  }
  prove(signChallenge: string, encryptChallenge: string): Promise<{ signature: string; decrypted: string }> {
    return this.call("prove", { signChallenge, encryptChallenge });
  }
  activate(): Promise<Status> {
    // Only pages may ask the browser not to evict the database. Whether it promises is seen in `status`.
    void navigator.storage?.persist?.();
    return this.call("activate", {});
  }
  discard(): Promise<Status> {
    return this.call("discard", {});
  }
  exportRecovery(): Promise<Recovery> {
    return this.call("exportRecovery", {});
  }
  dropRecovery(): Promise<Status> {
    return this.call("dropRecovery", {});
  }
  importRecovery(
    pem: string,
    passphrase: string,
    published: PublishedKeys | null,
    progress?: (progress: Progress) => void,
  ): Promise<PublicKeys> {
    return this.call("importRecovery", { pem, passphrase, published }, progress);
  }
  seal(params: SealParams): Promise<Sealed> {
    return this.call("seal", params);
  }
  open(messages: readonly WireMessage[], roster: WireRoster): Promise<readonly Opened[]> {
    return this.call("open", { messages, roster });
  }
  disclose(messages: readonly WireMessage[], roster: WireRoster): Promise<readonly Disclosed[]> {
    return this.call("disclose", { messages, roster });
  }
  cacheText(sealed: WireSealed, text: string): Promise<null> {
    return this.call("cacheText", { sealed, text });
  }
  readCache(ids: readonly Uuid[]): Promise<Readonly<Record<Uuid, string | null>>> {
    return this.call("readCache", { ids });
  }
  peers(): Promise<readonly Peer[]> {
    return this.call("peers", {});
  }
  acceptPeer(user: Uuid): Promise<Peer> {
    return this.call("acceptPeer", { user });
  }
  putOutbox(item: OutboxItem): Promise<null> {
    return this.call("outbox.put", item);
  }
  listOutbox(conversation?: Uuid): Promise<readonly OutboxItem[]> {
    return this.call("outbox.list", conversation === undefined ? {} : { conversation });
  }
  removeOutbox(id: Uuid): Promise<null> {
    return this.call("outbox.remove", { id });
  }
  putDraft(conversation: Uuid, text: string): Promise<null> {
    return this.call("draft.put", { conversation, text });
  }
  getDraft(conversation: Uuid): Promise<string> {
    return this.call("draft.get", { conversation });
  }
  pinned(): Promise<PinnedCheckpoint | null> {
    return this.call("pinned", {});
  }
  checkProofs(proofs: WireProofs, messages: readonly WireMessage[], gone: readonly Uuid[]): Promise<ProofReport> {
    return this.call("checkProofs", { proofs, messages, gone });
  }
  wipe(): Promise<null> {
    return this.call("wipe", {});
  }

  /** Ends the worker; open requests are rejected. */
  close(): void {
    this.#worker.terminate();
    this.#die("The crypto worker was closed.");
  }

  #receive(reply: Reply): void {
    const waiting = this.#waiting.get(reply.replyTo);
    if (!waiting) return;
    if ("progress" in reply) {
      waiting.progress?.(reply.progress);
      return;
    }
    this.#waiting.delete(reply.replyTo);
    if (reply.ok) waiting.resolve(reply.result);
    else waiting.reject(new CryptoError(reply.error.code, reply.error.message));
  }

  #die(message: string): void {
    this.#dead = new CryptoError("failed", message);
    for (const waiting of this.#waiting.values()) waiting.reject(this.#dead);
    this.#waiting.clear();
  }
}
