/**
 * The recovery file: two PEM blocks `ENCRYPTED PRIVATE KEY` (RFC 7468, RFC 5958) under PBES2 with
 * PBKDF2-HMAC-SHA256 and AES-256-CBC (RFC 8018), so that any standard tool opens it, and comment lines
 * outside the blocks that name the member and the key set.
 *
 * CBC has no integrity of its own: whoever opens a file must still prove that the keys belong to the
 * published public halves.
 */
import { type Bytes, equal, FormatError, fromBase64, fromHex, toBase64 } from "./bytes.ts";
import { der, derInteger, DerReader, NULL, OCTETS, OID, SEQUENCE } from "./der.ts";
import { cbcDecrypt, cbcEncrypt, pbkdf2Sha256, random, utf8 } from "./platform.ts";

export const ITERATIONS = 600_000;
/** A file that asks for more would only make the browser hang. */
const MOST_ITERATIONS = 10_000_000;
const BLOCK = "ENCRYPTED PRIVATE KEY";
const LINE = 64;

const PBES2 = fromHex("2a864886f70d01050d");
const PBKDF2 = fromHex("2a864886f70d01050c");
const HMAC_SHA256 = fromHex("2a864886f70d0209");
const AES256_CBC = fromHex("60864801650304012a");

interface Parameters {
  readonly salt: Bytes;
  readonly iterations: number;
  readonly iv: Bytes;
}

/** `EncryptedPrivateKeyInfo` of a PKCS #8 key. Salt and iv are random unless a test fixes them. */
export async function encryptKey(
  pkcs8: Bytes,
  passphrase: Bytes,
  { salt = random(16), iterations = ITERATIONS, iv = random(16) }: Partial<Parameters> = {},
): Promise<Bytes> {
  const key = await pbkdf2Sha256(passphrase, salt, iterations, 32);
  const prf = der(SEQUENCE, der(OID, HMAC_SHA256), der(NULL));
  const kdf = der(SEQUENCE, der(OID, PBKDF2), der(SEQUENCE, der(OCTETS, salt), derInteger(iterations), prf));
  const cipher = der(SEQUENCE, der(OID, AES256_CBC), der(OCTETS, iv));
  const algorithm = der(SEQUENCE, der(OID, PBES2), der(SEQUENCE, kdf, cipher));
  return der(SEQUENCE, algorithm, der(OCTETS, await cbcEncrypt(key, iv, pkcs8)));
}

/**
 * The PKCS #8 key inside; throws `FormatError` with field `der` (damaged), `algorithm` (another kind of
 * file, or fewer than 600,000 iterations unless `fewest` says otherwise) or `passphrase`.
 */
export async function decryptKey(info: Bytes, passphrase: Bytes, fewest = ITERATIONS): Promise<Bytes> {
  const outer = new DerReader(info);
  const sequence = new DerReader(outer.read(SEQUENCE));
  outer.end();
  const { salt, iterations, iv } = readParameters(new DerReader(sequence.read(SEQUENCE)), fewest);
  const sealed = sequence.read(OCTETS);
  sequence.end();
  const key = await pbkdf2Sha256(passphrase, salt, iterations, 32);
  try {
    return await cbcDecrypt(key, iv, sealed);
  } catch {
    throw new FormatError("passphrase", "does not open the key");
  }
}

function readParameters(algorithm: DerReader, fewest: number): Parameters {
  expectOid(algorithm, PBES2);
  const both = new DerReader(algorithm.read(SEQUENCE));
  algorithm.end();
  const kdf = new DerReader(both.read(SEQUENCE));
  const cipher = new DerReader(both.read(SEQUENCE));
  both.end();
  expectOid(kdf, PBKDF2);
  const parameters = new DerReader(kdf.read(SEQUENCE));
  kdf.end();
  const salt = parameters.read(OCTETS);
  const iterations = parameters.integer();
  if (!parameters.next(SEQUENCE) && parameters.integer() !== 32) throw new FormatError("algorithm", "has another key length");
  const prf = new DerReader(parameters.read(SEQUENCE));
  parameters.end();
  expectOid(prf, HMAC_SHA256);
  if (!prf.done) new DerReader(prf.read(NULL)).end();
  prf.end();
  expectOid(cipher, AES256_CBC);
  const iv = cipher.read(OCTETS);
  cipher.end();
  if (iv.length !== 16) throw new FormatError("algorithm", "has an initial vector of another length");
  if (iterations < fewest || iterations > MOST_ITERATIONS) {
    throw new FormatError("algorithm", `asks for ${iterations} iterations; ${fewest} to ${MOST_ITERATIONS} are accepted`);
  }
  return { salt, iterations, iv };
}

function expectOid(reader: DerReader, oid: Bytes): void {
  if (!equal(reader.read(OID), oid)) throw new FormatError("algorithm", "is not PBES2 with PBKDF2-HMAC-SHA256 and AES-256-CBC");
}

/** What stands in the clear beside the encrypted keys. */
export interface RecoveryNames {
  readonly origin: string;
  readonly user: string;
  readonly keySet: string;
}

export interface RecoveryFile extends RecoveryNames {
  readonly encrypt: Bytes;
  readonly sign: Bytes;
}

/** The file's text: names, then the encryption key, then the signing key. */
export async function writeRecovery(file: RecoveryFile, passphrase: string): Promise<string> {
  const secret = utf8(passphrase);
  const [encrypt, sign] = await Promise.all([encryptKey(file.encrypt, secret), encryptKey(file.sign, secret)]);
  return [
    "BeYou recovery file. Keep it apart from its passphrase; both together read your messages.",
    `Origin: ${file.origin}`,
    `Member: ${file.user}`,
    `Key set: ${file.keySet}`,
    "",
    "Encryption key (RSA-OAEP):",
    armor(encrypt),
    "Signing key (RSA-PSS):",
    armor(sign),
  ].join("\n");
}

/** The names and the decrypted keys; throws as `decryptKey`, or with field `file` when parts are missing. */
export async function readRecovery(text: string, passphrase: string): Promise<RecoveryFile> {
  const [encrypt, sign, ...more] = blocks(text);
  if (!encrypt || !sign || more.length > 0) throw new FormatError("file", "does not hold exactly two encrypted keys");
  const names = { origin: line(text, "Origin"), user: line(text, "Member"), keySet: line(text, "Key set") };
  const secret = utf8(passphrase);
  const keys = await Promise.all([decryptKey(encrypt, secret), decryptKey(sign, secret)]);
  return { ...names, encrypt: keys[0], sign: keys[1] };
}

function line(text: string, name: string): string {
  const found = new RegExp(`^${name}: (\\S+)\\s*$`, "m").exec(text);
  if (!found) throw new FormatError("file", `has no line "${name}:"`);
  return found[1]!;
}

function armor(info: Bytes): string {
  const lines = toBase64(info).match(new RegExp(`.{1,${LINE}}`, "g")) ?? [];
  return [`-----BEGIN ${BLOCK}-----`, ...lines, `-----END ${BLOCK}-----`, ""].join("\n");
}

function blocks(text: string): Bytes[] {
  const begins = text.split(`-----BEGIN ${BLOCK}-----`).slice(1);
  return begins.map((part) => {
    const [body, rest] = part.split(`-----END ${BLOCK}-----`);
    if (rest === undefined) throw new FormatError("file", "is cut off");
    return fromBase64(body!.replace(/\s/g, ""));
  });
}

const GROUP_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const GROUPS = 8;
const GROUP_LENGTH = 4;

/** 160 random bits as eight groups of four letters and digits that are hard to confuse (RFC 4648 §6). */
export function newPassphraseGroups(randomness: Uint8Array = random(GROUPS * GROUP_LENGTH)): string[] {
  const letters = Array.from(randomness, (byte) => GROUP_ALPHABET[byte & 31]!);
  return Array.from({ length: GROUPS }, (_, i) => letters.slice(i * GROUP_LENGTH, (i + 1) * GROUP_LENGTH).join(""));
}

/**
 * The passphrase a person typed, in the spelling of the file when it can only be a generated one: upper
 * case, hyphens between groups, and 0, 1 and 8, which the alphabet lacks, read as O, I and B. Any other
 * passphrase is left as it is.
 */
export function normalizePassphrase(typed: string): string {
  const letters = typed.toUpperCase().replace(/[\s-]/g, "").replace(/0/g, "O").replace(/1/g, "I").replace(/8/g, "B");
  if (letters.length !== GROUPS * GROUP_LENGTH || !/^[A-Z2-7]+$/.test(letters)) return typed;
  return letters.match(/.{4}/g)!.join("-");
}

/** True when a typed group is the shown one, as forgiving as `normalizePassphrase`. */
export function isSameGroup(typed: string, shown: string): boolean {
  const plain = typed.toUpperCase().replace(/\s/g, "").replace(/0/g, "O").replace(/1/g, "I").replace(/8/g, "B");
  return plain === shown;
}
