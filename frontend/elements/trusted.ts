// The only file that makes Trusted Types policies: every string that becomes markup or code passes here.

function sameOriginScript(url: string): string {
  const resolved = new URL(url, location.origin);
  const known = resolved.pathname === "/sw.js" || resolved.pathname.startsWith("/static/assets/");
  if (resolved.origin !== location.origin || !known) throw new TypeError(`refused script address: ${resolved.href}`);
  return resolved.href;
}

const scripts = globalThis.trustedTypes?.createPolicy("beyou", { createScriptURL: sameOriginScript });

/** An address that workers may be started from: one of our own built files, else a TypeError. */
export function workerURL(url: string): string {
  return scripts ? scripts.createScriptURL(url) : sameOriginScript(url);
}

/**
 * The policy htmx parses answers of our own server with. It passes the markup on: Django's escaping is the defence
 * against hostile text. It can make no scripts, so a fragment that holds a script element is refused.
 */
export const fragments = globalThis.trustedTypes?.createPolicy("beyou-htmx", { createHTML: (html) => html }) ?? {
  createHTML: (html: string) => html,
};
