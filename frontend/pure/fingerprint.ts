/** Short forms of public keys that people can read to each other. Key ids are SHA-256 of SPKIs, in hex. */
import { concat, fromHex, toHex, uuidBytes } from "./bytes.ts";
import { sha256, utf8 } from "./platform.ts";

export interface MemberKeys {
  readonly user: string;
  readonly encKeyId: string;
  readonly sigKeyId: string;
}

const SAFETY = utf8("BYE1 safety number\0");

/** Sixteen bytes over both keys, as `4f9a 11c2 77de 0b83 · e1d5 6620 93af c84b`; the server shows the same. */
export async function fingerprint(encKeyId: string, sigKeyId: string): Promise<string> {
  const digest = toHex(await sha256(concat(fromHex(encKeyId, 32), fromHex(sigKeyId, 32)))).slice(0, 32);
  const groups = digest.match(/.{4}/g)!;
  return `${groups.slice(0, 4).join(" ")} · ${groups.slice(4).join(" ")}`;
}

/** Thirty decimal digits: six groups of five, each from five bytes of the digest. */
async function half(keys: MemberKeys): Promise<readonly string[]> {
  const claim = concat(SAFETY, uuidBytes(keys.user), fromHex(keys.encKeyId, 32), fromHex(keys.sigKeyId, 32));
  const digest = await sha256(claim);
  return [0, 1, 2, 3, 4, 5].map((group) => {
    const value = digest.slice(group * 5, group * 5 + 5).reduce((sum, byte) => sum * 256 + byte, 0);
    return String(value % 100_000).padStart(5, "0");
  });
}

/** Twelve groups of five digits, the same on both sides and different as soon as one key differs. */
export async function safetyNumber(one: MemberKeys, other: MemberKeys): Promise<readonly string[]> {
  const halves = [await half(one), await half(other)];
  return halves.sort((a, b) => (a.join("") < b.join("") ? -1 : 1)).flat();
}
