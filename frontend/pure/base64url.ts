/** Base 64 in the alphabet of addresses, without padding (RFC 4648 §5), as WebAuthn spells bytes in JSON. */
import { type Bytes, fromBase64, toBase64 } from "./bytes.ts";

export function toBase64url(data: Uint8Array): string {
  return toBase64(data).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export function fromBase64url(text: string): Bytes {
  const standard = text.replaceAll("-", "+").replaceAll("_", "/");
  return fromBase64(standard.padEnd(Math.ceil(standard.length / 4) * 4, "="));
}
