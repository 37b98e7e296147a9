import assert from "node:assert/strict";
import { test } from "node:test";
import { linkPieces } from "../pure/links.ts";

const hrefs = (text: string): string[] => linkPieces(text).flatMap((piece) => piece.href ?? []);

test("text without an address stays one piece", () => {
  assert.deepEqual(linkPieces("no address here"), [{ text: "no address here" }]);
  assert.deepEqual(linkPieces(""), [{ text: "" }]);
});

test("an address ends before the mark that ends the sentence", () => {
  assert.deepEqual(hrefs("See https://example.org/a. Then (http://example.org/b(c))!"), [
    "https://example.org/a",
    "http://example.org/b(c)",
  ]);
});

test("nothing is lost and nothing is added", () => {
  const text = "a https://x.example/?q=1&r=%20, b\nhttp://y.example… https:// c <https://z.example>";
  assert.equal(
    linkPieces(text)
      .map((piece) => piece.text)
      .join(""),
    text,
  );
  assert.deepEqual(hrefs(text), ["https://x.example/?q=1&r=%20", "http://y.example", "https://z.example"]);
});

test("no other scheme becomes a link, and quotes and direction marks end one", () => {
  assert.deepEqual(hrefs("javascript:alert(1) data:text/html,x vbscript:x ftp://a.example //b.example"), []);
  assert.deepEqual(hrefs('https://a.example/"onmouseover="x'), ["https://a.example/"]);
  assert.deepEqual(hrefs("https://a.example/\u202egpj.exe"), ["https://a.example/"]);
});

test("an address of brackets alone takes no time", () => {
  const begin = performance.now();
  assert.equal(linkPieces(`https://example.org/${")".repeat(65_000)}`)[0]?.href, "https://example.org/");
  assert.ok(performance.now() - begin < 1000);
});
