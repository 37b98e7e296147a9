import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fromBase64, toBase64 } from "../pure/bytes.ts";
import { decryptKey, encryptKey, newPassphraseGroups, normalizePassphrase, writeRecovery } from "../pure/recovery.ts";
import { Failure } from "../worker/failure.ts";
import { importPublic, restorePair, verify, wrap } from "../worker/rsa.ts";
import { POSSESSION_LABEL, possessionBytes } from "../pure/envelope.ts";
import { MemoryStore } from "./memory-store.ts";
import { boxOf, userOf, vectors } from "./people.ts";

const folder = mkdtempSync(join(tmpdir(), "beyou-"));
after(() => rmSync(folder, { recursive: true }));

const fails = (code: string) => (error: unknown) => error instanceof Failure && error.code === code;
const alice = vectors.keys.alice;
const entry = vectors.roster.entries.find(({ user }) => user === alice.user)!;
const published = { key_set: alice.key_set, encrypt: { spki: entry.encrypt_spki }, sign: { spki: entry.sign_spki } };
const PASSPHRASE = "ABCD-EFGH-IJKL-MNOP-QRST-UVWX-YZ23-4567";

const file = { origin: vectors.origin, user: alice.user, keySet: alice.key_set, encrypt: fromBase64(alice.encrypt_pkcs8), sign: fromBase64(alice.sign_pkcs8) };
const pem = await writeRecovery(file, PASSPHRASE);

function blocks(text: string): string[] {
  return text.match(/-----BEGIN[^-]*-----[^-]*-----END[^-]*-----\n/g) ?? [];
}

/** The public half that OpenSSL finds in an encrypted PEM block. */
function opened(block: string, passphrase: string): Buffer {
  const path = join(folder, "key.pem");
  writeFileSync(path, block);
  return execFileSync("openssl", ["pkey", "-in", path, "-passin", `pass:${passphrase}`, "-pubout", "-outform", "DER"], { stdio: ["ignore", "pipe", "pipe"] });
}

test("a new key set goes from generation to proof, store, file and a second browser", async () => {
  const first = boxOf(new MemoryStore());
  const steps: number[] = [];
  const keys = await first.run("generate", {}, ({ step }) => steps.push(step));
  assert.deepEqual(steps, [1, 2]);
  assert.equal((await first.run("status", {})).keys, "pending");

  const challenge = crypto.getRandomValues(new Uint8Array(32));
  const hidden = await wrap(await importPublic("encrypt", fromBase64(keys.encryptSpki)), challenge, POSSESSION_LABEL);
  const proof = await first.run("prove", { signChallenge: toBase64(challenge), encryptChallenge: toBase64(hidden) });
  assert.equal(proof.decrypted, toBase64(challenge));
  const claim = { origin: vectors.origin, user: userOf("alice"), keySet: keys.keySet, device: keys.device, encryptKeyId: keys.encKeyId, signKeyId: keys.sigKeyId, challenge };
  const signingKey = await importPublic("sign", fromBase64(keys.signSpki));
  assert.ok(await verify(signingKey, fromBase64(proof.signature), await possessionBytes(claim)));

  const ready = await first.run("activate", {});
  assert.deepEqual([ready.keys, ready.hasKeys, ready.canExport], ["ready", true, true]);
  const recovery = await first.run("exportRecovery", {});
  assert.equal(recovery.groups.join("-"), recovery.passphrase);
  await first.run("dropRecovery", {});
  await assert.rejects(first.run("exportRecovery", {}), fails("not_exportable"));

  const second = boxOf(new MemoryStore());
  const fresh = { key_set: keys.keySet, encrypt: { spki: keys.encryptSpki }, sign: { spki: keys.signSpki } };
  const restored = await second.run("importRecovery", { pem: recovery.pem, passphrase: recovery.passphrase.toLowerCase().replaceAll("-", " "), published: fresh });
  assert.deepEqual([restored.encKeyId, restored.sigKeyId, restored.keySet], [keys.encKeyId, keys.sigKeyId, keys.keySet]);
  assert.notEqual(restored.device, keys.device);
});

test("what is stored can sign and decrypt but not leave", async () => {
  const store = new MemoryStore();
  const box = boxOf(store);
  await box.run("generate", {});
  await box.run("activate", {});
  const [kept] = await store.list<Record<"encrypt" | "sign", { secret: CryptoKey }>>("keys");
  for (const { secret } of [kept!.encrypt, kept!.sign]) {
    assert.equal(secret.extractable, false);
    await assert.rejects(crypto.subtle.exportKey("pkcs8", secret));
  }
  assert.ok(!JSON.stringify(kept).includes("pkcs8"));
});

test("a file can be made on later pages until it is proven, and never after", async () => {
  const store = new MemoryStore();
  const first = boxOf(store);
  await first.run("generate", {});
  await first.run("activate", {});
  const later = boxOf(store);
  const { pem: text, passphrase } = await later.run("exportRecovery", {});
  const status = await later.run("status", {});
  const [encrypt] = blocks(text);
  const pkcs8 = await decryptKey(fromBase64(encrypt!.split("\n").slice(1, -2).join("")), new TextEncoder().encode(passphrase));
  assert.equal((await restorePair("encrypt", pkcs8)).id, status.encKeyId);
  assert.ok(!store.everything.some((value) => value instanceof Uint8Array && Buffer.from(value).includes(Buffer.from(pkcs8))));
  assert.equal((await later.run("dropRecovery", {})).canExport, false);
  for (const box of [first, later, boxOf(store)]) await assert.rejects(box.run("exportRecovery", {}), fails("not_exportable"));
});

test("keys that replace others in this browser still open what came before", async () => {
  const store = new MemoryStore();
  const box = boxOf(store);
  const old = await box.run("generate", {});
  await box.run("activate", {});
  const pending = await box.run("generate", {});
  const during = await box.run("status", {});
  assert.deepEqual([during.keys, during.hasKeys, during.encKeyId], ["pending", true, old.encKeyId]);
  await box.run("discard", {});
  assert.equal((await box.run("status", {})).keys, "ready");
  await assert.rejects(box.run("activate", {}), fails("no_pending"));
  const fresh = await box.run("generate", {});
  assert.equal((await box.run("activate", {})).encKeyId, fresh.encKeyId);
  assert.notEqual(fresh.encKeyId, pending.encKeyId);
  const ids = (await store.list<{ encrypt: { id: string } }>("keys")).map(({ encrypt }) => encrypt.id);
  assert.deepEqual(ids.sort(), [old.encKeyId, fresh.encKeyId].sort());
});

test("OpenSSL opens both keys of a file, and no other passphrase does", () => {
  const [encrypt, sign, ...more] = blocks(pem);
  assert.equal(more.length, 0);
  assert.equal(opened(encrypt!, PASSPHRASE).toString("base64"), entry.encrypt_spki);
  assert.equal(opened(sign!, PASSPHRASE).toString("base64"), entry.sign_spki);
  assert.throws(() => opened(encrypt!, `${PASSPHRASE}x`));
});

test("opens a key that OpenSSL encrypted", async () => {
  const [plain, sealed] = [join(folder, "plain.der"), join(folder, "sealed.der")];
  writeFileSync(plain, file.encrypt);
  const options = ["-inform", "DER", "-outform", "DER", "-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA256", "-iter", "600000", "-passout", "pass:over the dyke"];
  execFileSync("openssl", ["pkcs8", "-topk8", "-in", plain, "-out", sealed, ...options], { stdio: "pipe" });
  const key = await decryptKey(new Uint8Array(readFileSync(sealed)), new TextEncoder().encode("over the dyke"));
  assert.equal((await restorePair("encrypt", key)).id, entry.encrypt_key_id);
});

test("a file of another member, of other keys or of no kind is refused by name", async () => {
  const bring = (text: string, passphrase = PASSPHRASE, against: typeof published | null = published, user = alice.user) =>
    boxOf(new MemoryStore(), { user }).run("importRecovery", { pem: text, passphrase, published: against });
  assert.equal((await bring(pem)).encKeyId, entry.encrypt_key_id);
  await assert.rejects(bring(pem, PASSPHRASE, published, userOf("bob")), fails("wrong_member"));
  await assert.rejects(bring(pem, "ABCD-EFGH-IJKL-MNOP-QRST-UVWX-YZ23-4566"), fails("wrong_passphrase"));
  await assert.rejects(bring(pem, ""), fails("wrong_passphrase"));
  await assert.rejects(bring("Dear Bob"), fails("bad_file"));
  await assert.rejects(bring(pem.slice(0, -200)), fails("bad_file"));
  const [encrypt] = blocks(pem);
  await assert.rejects(bring(pem.replace(blocks(pem)[1]!, "")), fails("bad_file"));
  await assert.rejects(bring(pem + encrypt), fails("bad_file"));
  const others = { ...published, sign: published.encrypt };
  await assert.rejects(bring(pem, PASSPHRASE, others), fails("key_mismatch"));
  await assert.rejects(bring(pem, PASSPHRASE, { ...published, key_set: alice.device }), fails("key_mismatch"));
  const exchanged = await writeRecovery({ ...file, encrypt: file.sign, sign: file.encrypt }, PASSPHRASE);
  await assert.rejects(bring(exchanged), fails("key_mismatch"));
});

test("an altered file yields nothing or the very key, never another one", async () => {
  const secret = new TextEncoder().encode("x");
  const whole = await encryptKey(file.sign, secret, { iterations: 1 });
  let refused = 0;
  let tried = 0;
  // Every byte of the frame, and samples of the ciphertext; one iteration keeps this quick. Where CBC lets a change
  // of PKCS #8's own version number through, the key is still the same one and works.
  for (let at = 0; at < whole.length; at += at < 130 ? 1 : 7) {
    const altered = whole.slice();
    altered[at]! ^= 1;
    const key = await decryptKey(altered, secret, 1).then((pkcs8) => restorePair("sign", pkcs8)).catch(() => null);
    tried++;
    if (key) assert.equal(key.id, entry.sign_key_id, `byte ${at}`);
    else refused++;
  }
  assert.ok(refused > tried - 20, `${refused} of ${tried}`);
});

test("fewer iterations than the floor are refused before any work", async () => {
  const weak = await encryptKey(file.sign, new TextEncoder().encode("x"), { iterations: 599_999 });
  await assert.rejects(decryptKey(weak, new TextEncoder().encode("x")), /599999 iterations/);
});

test("passphrases are random, and forgiving when typed", () => {
  const groups = newPassphraseGroups();
  assert.match(groups.join("-"), /^[A-Z2-7]{4}(-[A-Z2-7]{4}){7}$/);
  assert.notEqual(groups.join(), newPassphraseGroups().join());
  assert.equal(normalizePassphrase(" abcd efgh ijkl mn0p qrst uvwx yz23 4567 "), PASSPHRASE);
  assert.equal(normalizePassphrase("my own words"), "my own words");
});
