import assert from "node:assert/strict";
import { test } from "node:test";
import { type Bytes, concat, equal, fromHex } from "../pure/bytes.ts";
import { cbcDecrypt, ed25519Verify, gcmDecrypt, hkdfSha256, hmacSha256, pbkdf2Sha256 } from "../pure/platform.ts";
import { importPublic, unwrap, verify } from "../worker/rsa.ts";
import { readVectors } from "./people.ts";

type Fields = Readonly<Record<string, string>> & { readonly result: "valid" | "invalid" | "acceptable"; readonly tcId: number };
type Group = Readonly<Record<string, string>> & { readonly tests: readonly Fields[] };

/** Fails with every case decided otherwise than its result says; acceptable ones may go either way. */
async function decide(name: string, accepts: (fields: Fields, group: Group) => Promise<boolean>): Promise<void> {
  const { testGroups } = readVectors<{ testGroups: readonly Group[] }>(`wycheproof/${name}.json`);
  const wrong: string[] = [];
  let valid = 0;
  for (const group of testGroups) {
    for (const fields of group.tests) {
      if (fields.result === "valid") valid++;
      const accepted = await accepts(fields, group).catch(() => false);
      if (fields.result !== "acceptable" && accepted !== (fields.result === "valid")) wrong.push(`${fields.tcId} ${fields["comment"]}`);
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(valid > 0);
}

const raw = (fields: Readonly<Record<string, unknown>>, name: string): Bytes => fromHex(String(fields[name]));

test("AES-GCM", () =>
  decide("aes_gcm", async (fields) => {
    const sealed = concat(raw(fields, "ct"), raw(fields, "tag"));
    return equal(await gcmDecrypt(raw(fields, "key"), raw(fields, "iv"), raw(fields, "aad"), sealed), raw(fields, "msg"));
  }));

test("HKDF-SHA256", () =>
  decide("hkdf_sha256", async (fields) => {
    const okm = await hkdfSha256(raw(fields, "ikm"), raw(fields, "salt"), raw(fields, "info"), Number(fields["size"]));
    return equal(okm, raw(fields, "okm"));
  }));

test("HMAC-SHA256", () =>
  decide("hmac_sha256", async (fields, group) => {
    const tag = await hmacSha256(raw(fields, "key"), raw(fields, "msg"));
    return equal(tag.slice(0, Number(group["tagSize"]) / 8), raw(fields, "tag"));
  }));

test("PBKDF2-HMAC-SHA256", () =>
  decide("pbkdf2_hmacsha256", async (fields) => {
    const [password, salt] = [raw(fields, "password"), raw(fields, "salt")];
    return equal(await pbkdf2Sha256(password, salt, Number(fields["iterationCount"]), Number(fields["dkLen"])), raw(fields, "dk"));
  }));

test("PBES2 as the recovery file uses it", () =>
  decide("pbes2_hmacsha256_aes_256", async (fields) => {
    const key = await pbkdf2Sha256(raw(fields, "password"), raw(fields, "salt"), Number(fields["iterationCount"]), 32);
    return equal(await cbcDecrypt(key, raw(fields, "iv"), raw(fields, "ct")), raw(fields, "msg"));
  }));

test("RSA-OAEP-SHA256", () =>
  decide("rsa_oaep_3072_sha256_mgf1sha256", async (fields, group) => {
    const algorithm = { name: "RSA-OAEP", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("pkcs8", raw(group, "privateKeyPkcs8"), algorithm, false, ["decrypt"]);
    return equal(await unwrap(key, raw(fields, "ct"), raw(fields, "label")), raw(fields, "msg"));
  }));

test("RSA-PSS-SHA256 with a salt of 32 bytes", () =>
  decide("rsa_pss_3072_sha256_mgf1_32", async (fields, group) => {
    const key = await importPublic("sign", raw(group, "publicKeyDer"));
    return verify(key, raw(fields, "sig"), raw(fields, "msg"));
  }));

test("Ed25519", () =>
  decide("ed25519", (fields, group) => ed25519Verify(raw(group, "publicKey"), raw(fields, "sig"), raw(fields, "msg"))));
