// Writes tests/vectors/envelope_browser.json: what this code seals with the keys of envelope_python.json, for Python to open.
import { writeFileSync } from "node:fs";
import { NONE, person, seal, vectorFile, vectors } from "./people.ts";

const bob = await person("bob");
const messages = [];
let last = NONE;
for (const [index, { text }] of vectors.messages.entries()) {
  const { draft, chain } = await seal(bob, text, last);
  messages.push({ seq: index + 1, text, draft });
  last = chain;
}
writeFileSync(vectorFile("envelope_browser.json"), `${JSON.stringify({ ...vectors, sender: "bob", messages }, null, 1)}\n`);
