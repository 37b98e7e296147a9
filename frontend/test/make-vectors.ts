// Writes tests/vectors/envelope_browser.json: what this code seals and proves with the keys of envelope_python.json, for
// Python to open and to verify.
import { writeFileSync } from "node:fs";
import { fromBase64 } from "../pure/bytes.ts";
import { writeRecovery } from "../pure/recovery.ts";
import { MemoryStore } from "./memory-store.ts";
import { boxOf, NONE, person, seal, vectorFile, vectors } from "./people.ts";

const bob = await person("bob");
const messages = [];
let last = NONE;
for (const [index, { text }] of vectors.messages.entries()) {
  const { draft, chain } = await seal(bob, text, last);
  messages.push({ seq: index + 1, text, draft });
  last = chain;
}

const { user, key_set: keySet, encrypt_pkcs8: encrypt, sign_pkcs8: sign } = vectors.keys.bob;
const file = { origin: vectors.origin, user, keySet, encrypt: fromBase64(encrypt), sign: fromBase64(sign) };
const passphrase = "over the dyke";
const box = boxOf(new MemoryStore(), { user });
const { device } = await box.run("importRecovery", { pem: await writeRecovery(file, passphrase), passphrase, published: null });
const { secret, encrypt_challenge: encryptChallenge } = vectors.possession;
const proof = await box.run("prove", { signChallenge: secret, encryptChallenge });

const made = { ...vectors, sender: "bob", messages, possession: { ...vectors.possession, ...proof, device } };
writeFileSync(vectorFile("envelope_browser.json"), `${JSON.stringify(made, null, 1)}\n`);
