/** This member's key sets: pending ones in memory, published ones in the store, recovery files. */
import { type Bytes, equal, FormatError, fromBase64, toBase64, uuid7 } from "../pure/bytes.ts";
import { POSSESSION_LABEL, possessionBytes } from "../pure/envelope.ts";
import type { RecoveryFile } from "../pure/recovery.ts";
import { Failure } from "./failure.ts";
import type { Locker } from "./locker.ts";
import type { Progress, PublicKeys, PublishedKeys, Recovery } from "./protocol.ts";
import { generatePair, type NewPair, type Pair, restorePair, sign, unwrap } from "./rsa.ts";
import type { Store } from "./store.ts";

/** A key set as it is stored; `device` is this browser's enrolment. */
export interface KeySet {
  readonly keySet: string;
  readonly device: string;
  readonly encrypt: Pair;
  readonly sign: Pair;
}

interface Pending extends KeySet {
  readonly encrypt: NewPair;
  readonly sign: NewPair;
  /** Made here, so that no recovery file of them exists yet. */
  readonly isNew: boolean;
}

/** The private halves in PKCS #8, base64: what a recovery file holds. */
interface Copy {
  readonly keySet: string;
  readonly encrypt: string;
  readonly sign: string;
}

const PAIRS = 2;

export class Vault {
  readonly #store: Store;
  readonly #user: string;
  readonly #origin: string;
  readonly #locker: Locker;
  #pending: Pending | null = null;

  constructor(store: Store, locker: Locker, user: string, origin: string) {
    this.#store = store;
    this.#locker = locker;
    this.#user = user;
    this.#origin = origin;
  }

  get pending(): KeySet | null {
    return this.#pending;
  }

  async canExport(): Promise<boolean> {
    return (await this.#copy()) !== null;
  }

  /**
   * New keys can be copied until their recovery file is proven, also on later pages: whoever postponed that step
   * would otherwise lose it. The copy lies encrypted under a key that never leaves the browser's key store; until
   * `dropRecovery` a script of this site that was taken over could ask for it, afterwards nobody can.
   */
  async #copy(): Promise<Copy | null> {
    const sealed = await this.#store.get<Bytes>("meta", "copy");
    const copy = sealed && (await this.#locker.open<Copy>("meta", "copy", sealed));
    return copy && copy.keySet === (await this.current())?.keySet ? copy : null;
  }

  /** The key set that signs, or null. */
  async current(): Promise<KeySet | null> {
    const id = await this.#store.get<string>("meta", "current");
    return (id && (await this.#store.get<KeySet>("keys", id))) || null;
  }

  /** Every key set of this browser: replaced ones still open what was sealed to them. */
  all(): Promise<KeySet[]> {
    return this.#store.list<KeySet>("keys");
  }

  async generate(nowMs: number, progress: (progress: Progress) => void): Promise<PublicKeys> {
    progress({ step: 1, of: PAIRS });
    const encrypt = await generatePair("encrypt");
    progress({ step: 2, of: PAIRS });
    const signing = await generatePair("sign");
    return this.#hold({ keySet: uuid7(nowMs), device: uuid7(nowMs), encrypt, sign: signing, isNew: true });
  }

  /** Signs and decrypts the server's two challenges with the pending keys. */
  async prove(signChallenge: Bytes, encryptChallenge: Bytes): Promise<{ signature: string; decrypted: string }> {
    const { keySet, device, encrypt, sign: signing } = this.#mustPend();
    const names = { origin: this.#origin, user: this.#user, keySet, device };
    const claim = { ...names, encryptKeyId: encrypt.id, signKeyId: signing.id, challenge: signChallenge };
    const signature = await sign(signing.secret, await possessionBytes(claim));
    try {
      const decrypted = await unwrap(encrypt.secret, encryptChallenge, POSSESSION_LABEL);
      return { signature: toBase64(signature), decrypted: toBase64(decrypted) };
    } catch {
      throw new Failure("bad_request", "The server's challenge is not for these keys.");
    }
  }

  /** Stores the pending key set, from now on the one that signs. */
  async activate(): Promise<KeySet> {
    const { keySet, device, isNew, ...pairs } = this.#mustPend();
    const stored: KeySet = { keySet, device, encrypt: withoutCopy(pairs.encrypt), sign: withoutCopy(pairs.sign) };
    if (isNew) await this.#keepCopy({ keySet, encrypt: toBase64(pairs.encrypt.pkcs8), sign: toBase64(pairs.sign.pkcs8) });
    await this.#store.put("keys", stored.encrypt.id, stored);
    await this.#store.put("meta", "current", stored.encrypt.id);
    this.#pending = null;
    return stored;
  }

  async #keepCopy(copy: Copy): Promise<void> {
    await this.#store.put("meta", "copy", await this.#locker.close("meta", "copy", copy));
  }

  discard(): void {
    this.#pending = null;
  }

  async dropRecovery(): Promise<void> {
    await this.#store.remove("meta", "copy");
  }

  /** A new file under a new passphrase; earlier files keep working. */
  async exportRecovery(): Promise<Recovery> {
    const copy = await this.#copy();
    if (!copy) throw new Failure("not_exportable", "These keys can no longer be copied out of this browser.");
    const { newPassphraseGroups, writeRecovery } = await recoveryFiles();
    const groups = newPassphraseGroups();
    const passphrase = groups.join("-");
    const halves = { keySet: copy.keySet, encrypt: fromBase64(copy.encrypt), sign: fromBase64(copy.sign) };
    const pem = await writeRecovery({ ...halves, origin: this.#origin, user: this.#user }, passphrase);
    return { pem, filename: `beyou-recovery-${copy.keySet.slice(-8)}.pem`, passphrase, groups };
  }

  /** Opens a file into pending keys with a new device id, and compares them with what is published. */
  async importRecovery(pem: string, passphrase: string, published: PublishedKeys | null, nowMs: number): Promise<PublicKeys> {
    const file = await openFile(pem, passphrase);
    if (file.user !== this.#user) throw new Failure("wrong_member", "This file belongs to another member.");
    const [encrypt, signing] = await restoreBoth(file);
    if (published && !isPublished(file.keySet, encrypt, signing, published)) {
      throw new Failure("key_mismatch", "This file holds other keys than the published ones; a newer file may exist.");
    }
    return this.#hold({ keySet: file.keySet, device: uuid7(nowMs), encrypt, sign: signing, isNew: false });
  }

  #hold(pending: Pending): PublicKeys {
    const { keySet, device, encrypt, sign: signing } = pending;
    this.#pending = pending;
    return {
      keySet,
      device,
      encryptSpki: toBase64(encrypt.spki),
      signSpki: toBase64(signing.spki),
      encKeyId: encrypt.id,
      sigKeyId: signing.id,
    };
  }

  #mustPend(): Pending {
    if (!this.#pending) throw new Failure("no_pending", "There are no new keys to publish.");
    return this.#pending;
  }
}

/** Files are written once and read rarely, so their code does not come with every chat. */
const recoveryFiles = (): Promise<typeof import("../pure/recovery.ts")> => import("../pure/recovery.ts");

const withoutCopy = ({ secret, spki, id }: Pair): Pair => ({ secret, spki, id });

async function openFile(pem: string, passphrase: string): Promise<RecoveryFile> {
  const { normalizePassphrase, readRecovery } = await recoveryFiles();
  try {
    return await readRecovery(pem, normalizePassphrase(passphrase));
  } catch (error) {
    if (error instanceof FormatError && error.field === "passphrase") throw wrongPassphrase();
    throw new Failure("bad_file", `This is not a readable recovery file: it ${error instanceof FormatError ? error.message : "is damaged"}.`);
  }
}

async function restoreBoth(file: RecoveryFile): Promise<[NewPair, NewPair]> {
  try {
    return await Promise.all([restorePair("encrypt", file.encrypt), restorePair("sign", file.sign)]);
  } catch {
    // CBC accepts one wrong passphrase in 256; what then comes out is no key.
    throw wrongPassphrase();
  }
}

const wrongPassphrase = (): Failure => new Failure("wrong_passphrase", "The passphrase does not open this file.");

function isPublished(keySet: string, encrypt: Pair, signing: Pair, published: PublishedKeys): boolean {
  return (
    keySet === published.key_set &&
    equal(encrypt.spki, fromBase64(published.encrypt.spki)) &&
    equal(signing.spki, fromBase64(published.sign.spki))
  );
}
