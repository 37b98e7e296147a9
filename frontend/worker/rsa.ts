/** The two RSA-3072 pairs of a key set, and what is done with them (RSA-OAEP and RSA-PSS, SHA-256, salt 32). */
import { type Bytes, equal, toHex } from "../pure/bytes.ts";
import { random, sha256 } from "../pure/platform.ts";

const OAEP = { name: "RSA-OAEP", hash: "SHA-256" };
const PSS = { name: "RSA-PSS", hash: "SHA-256" };
const PSS_SALT = { name: "RSA-PSS", saltLength: 32 };
const SIZE = { modulusLength: 3072, publicExponent: new Uint8Array([1, 0, 1]) };

export type Purpose = "encrypt" | "sign";

interface Use {
  readonly algorithm: { readonly name: string; readonly hash: string };
  readonly ofPrivate: KeyUsage[];
  readonly ofPublic: KeyUsage[];
}

const USES: Record<Purpose, Use> = {
  encrypt: { algorithm: OAEP, ofPrivate: ["decrypt"], ofPublic: ["encrypt"] },
  sign: { algorithm: PSS, ofPrivate: ["sign"], ofPublic: ["verify"] },
};

/** A private key that cannot be exported, beside its public half; `id` is SHA-256 of the SPKI in hex. */
export interface Pair {
  readonly secret: CryptoKey;
  readonly spki: Bytes;
  readonly id: string;
}

/** A pair with the one copy of its private half that can leave as a recovery file. */
export interface NewPair extends Pair {
  readonly pkcs8: Bytes;
}

export async function generatePair(purpose: Purpose): Promise<NewPair> {
  const { algorithm, ofPrivate, ofPublic } = USES[purpose];
  const pair = await crypto.subtle.generateKey({ ...algorithm, ...SIZE }, true, [...ofPrivate, ...ofPublic]);
  const [pkcs8, spki] = await Promise.all([
    crypto.subtle.exportKey("pkcs8", pair.privateKey),
    crypto.subtle.exportKey("spki", pair.publicKey),
  ]);
  return locked(purpose, new Uint8Array(pkcs8), new Uint8Array(spki));
}

/**
 * The pair of a PKCS #8 key, shown to work by one round trip. Rejects when the bytes are no RSA key, or when its
 * parts do not belong together: a file under CBC can be altered, and a private key with one wrong part may work by
 * accident or give itself away when it is used.
 */
export async function restorePair(purpose: Purpose, pkcs8: Bytes): Promise<NewPair> {
  const { algorithm, ofPrivate, ofPublic } = USES[purpose];
  const readable = await crypto.subtle.importKey("pkcs8", pkcs8, algorithm, true, ofPrivate);
  const parts = await crypto.subtle.exportKey("jwk", readable);
  if (!isConsistent(parts)) throw new TypeError("the parts of the key do not belong together");
  const open = await crypto.subtle.importKey("jwk", { kty: "RSA", n: parts.n!, e: parts.e! }, algorithm, true, ofPublic);
  const pair = await locked(purpose, pkcs8, new Uint8Array(await crypto.subtle.exportKey("spki", open)));
  if (!(await works(purpose, pair))) throw new TypeError("the key does not work");
  return pair;
}

/** The relations of RFC 8017 §3.2 between the parts of a two-prime key. */
function isConsistent(parts: JsonWebKey): boolean {
  const { n, e, d, p, q, dp, dq, qi } = parts;
  const values = [n, e, d, p, q, dp, dq, qi].map((part) => bigint(part ?? ""));
  const [N, E, D, P, Q, DP, DQ, QI] = values as [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint];
  if (P < 3n || Q < 3n || P * Q !== N) return false;
  return (E * D) % (P - 1n) === 1n && (E * D) % (Q - 1n) === 1n && DP === D % (P - 1n) && DQ === D % (Q - 1n) && (QI * Q) % P === 1n;
}

const bigint = (base64url: string): bigint =>
  BigInt(`0x0${Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("")}`);

async function locked(purpose: Purpose, pkcs8: Bytes, spki: Bytes): Promise<NewPair> {
  const { algorithm, ofPrivate } = USES[purpose];
  const secret = await crypto.subtle.importKey("pkcs8", pkcs8, algorithm, false, ofPrivate);
  return { secret, spki, id: await keyId(spki), pkcs8 };
}

async function works(purpose: Purpose, pair: Pair): Promise<boolean> {
  const [sample, label] = [random(32), random(32)];
  if (purpose === "sign") return verify(await importPublic("sign", pair.spki), await sign(pair.secret, sample), sample);
  return equal(await unwrap(pair.secret, await wrap(await importPublic("encrypt", pair.spki), sample, label), label), sample);
}

export const keyId = async (spki: Bytes): Promise<string> => toHex(await sha256(spki));

export function importPublic(purpose: Purpose, spki: Bytes): Promise<CryptoKey> {
  const { algorithm, ofPublic } = USES[purpose];
  return crypto.subtle.importKey("spki", spki, algorithm, false, ofPublic);
}

export async function sign(key: CryptoKey, data: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.sign(PSS_SALT, key, data));
}

export function verify(key: CryptoKey, signature: Bytes, data: Bytes): Promise<boolean> {
  return crypto.subtle.verify(PSS_SALT, key, signature, data);
}

export async function wrap(key: CryptoKey, secret: Bytes, label: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.encrypt({ name: "RSA-OAEP", label }, key, secret));
}

/** Rejects when the wrap was made for another key or label, or was altered. */
export async function unwrap(key: CryptoKey, wrapped: Bytes, label: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.decrypt({ name: "RSA-OAEP", label }, key, wrapped));
}
