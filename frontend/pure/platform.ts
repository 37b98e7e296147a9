/**
 * The few things that every JavaScript host offers and the ES2022 library does not declare: UTF-8 and
 * WebCrypto over raw bytes. Everything else in this folder is arithmetic on bytes.
 */

export type Bytes = Uint8Array<ArrayBuffer>;

interface Subtle {
  digest(algorithm: string, data: Bytes): Promise<ArrayBuffer>;
  importKey(format: "raw", key: Bytes, algorithm: object | string, extractable: false, usages: string[]): Promise<object>;
  sign(algorithm: string, key: object, data: Bytes): Promise<ArrayBuffer>;
  verify(algorithm: string, key: object, signature: Bytes, data: Bytes): Promise<boolean>;
  deriveBits(algorithm: object, key: object, length: number): Promise<ArrayBuffer>;
  encrypt(algorithm: object, key: object, data: Bytes): Promise<ArrayBuffer>;
  decrypt(algorithm: object, key: object, data: Bytes): Promise<ArrayBuffer>;
}

interface Host {
  readonly crypto: { readonly subtle: Subtle; getRandomValues(target: Bytes): Bytes };
  readonly TextEncoder: new () => { encode(text: string): Bytes };
  readonly TextDecoder: new (label: string, options: { fatal: boolean; ignoreBOM: boolean }) => { decode(data: Bytes): string };
}

const host = globalThis as unknown as Host;
const encoder = new host.TextEncoder();
// Fatal, and with the byte order mark kept: the text that comes out must be the bytes that went in.
const decoder = new host.TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const utf8 = (text: string): Bytes => encoder.encode(text);

/** The text of valid UTF-8; throws `TypeError` for any other bytes. */
export const fromUtf8 = (data: Bytes): string => decoder.decode(data);

export const random = (length: number): Bytes => host.crypto.getRandomValues(new Uint8Array(length));

export async function sha256(data: Bytes): Promise<Bytes> {
  return new Uint8Array(await host.crypto.subtle.digest("SHA-256", data));
}

/** HMAC-SHA256 (RFC 2104). */
export async function hmacSha256(key: Bytes, data: Bytes): Promise<Bytes> {
  // WebCrypto refuses an empty HMAC key; padding it with a zero byte is the same key by RFC 2104 §2.
  const raw = key.length === 0 ? new Uint8Array(1) : key;
  const handle = await host.crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await host.crypto.subtle.sign("HMAC", handle, data));
}

/** HKDF-SHA256 (RFC 5869), `length` bytes. */
export async function hkdfSha256(secret: Bytes, salt: Bytes, info: Bytes, length: number): Promise<Bytes> {
  const handle = await host.crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const bits = await host.crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, handle, length * 8);
  return new Uint8Array(bits);
}

/** PBKDF2-HMAC-SHA256 (RFC 8018), `length` bytes. */
export async function pbkdf2Sha256(password: Bytes, salt: Bytes, iterations: number, length: number): Promise<Bytes> {
  const handle = await host.crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
  const algorithm = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  return new Uint8Array(await host.crypto.subtle.deriveBits(algorithm, handle, length * 8));
}

/** AES-GCM with a 16-byte tag at the end. */
export async function gcmEncrypt(key: Bytes, iv: Bytes, aad: Bytes, plain: Bytes): Promise<Bytes> {
  const handle = await host.crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
  return new Uint8Array(await host.crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: aad }, handle, plain));
}

/** Throws when the tag does not hold. */
export async function gcmDecrypt(key: Bytes, iv: Bytes, aad: Bytes, sealed: Bytes): Promise<Bytes> {
  const handle = await host.crypto.subtle.importKey("raw", key, "AES-GCM", false, ["decrypt"]);
  return new Uint8Array(await host.crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: aad }, handle, sealed));
}

/** AES-CBC with PKCS #7 padding. */
export async function cbcEncrypt(key: Bytes, iv: Bytes, plain: Bytes): Promise<Bytes> {
  const handle = await host.crypto.subtle.importKey("raw", key, "AES-CBC", false, ["encrypt"]);
  return new Uint8Array(await host.crypto.subtle.encrypt({ name: "AES-CBC", iv }, handle, plain));
}

/** Throws when the padding does not hold; CBC cannot notice every change. */
export async function cbcDecrypt(key: Bytes, iv: Bytes, sealed: Bytes): Promise<Bytes> {
  const handle = await host.crypto.subtle.importKey("raw", key, "AES-CBC", false, ["decrypt"]);
  return new Uint8Array(await host.crypto.subtle.decrypt({ name: "AES-CBC", iv }, handle, sealed));
}

/** Thrown where the host's WebCrypto has no Ed25519 (Chromium before 137, Firefox before 129, Safari before 17). */
export class Ed25519Missing extends Error {
  constructor() {
    super("This browser cannot check Ed25519 signatures.");
    this.name = "Ed25519Missing";
  }
}

/** RFC 8032 verification; false for a wrong signature or key, `Ed25519Missing` where it cannot be done. */
export async function ed25519Verify(publicKey: Bytes, signature: Bytes, data: Bytes): Promise<boolean> {
  let handle: object;
  try {
    handle = await host.crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
  } catch (error) {
    if ((error as { name?: string }).name === "NotSupportedError") throw new Ed25519Missing();
    return false;
  }
  return host.crypto.subtle.verify("Ed25519", handle, signature, data);
}
