// Single-key navigation. Never active while somebody types, and never destructive.

const GO: Record<string, string> = { h: "/home", c: "/chats", a: "/activity", f: "/friends", s: "/settings/look" };
const CHORD_MS = 1200;

/** Pages with a navigation of their own, such as those of the staff, name its keys in `data-go`. */
function addressOf(key: string): string | undefined {
  const own = document.querySelectorAll<HTMLAnchorElement>("a[data-go]");
  return own.length ? [...own].find((link) => link.dataset["go"] === key)?.href : GO[key];
}

function typing(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input:not([data-pick]), textarea, select, [contenteditable]") !== null;
}

function focusSearch(): boolean {
  const search = document.querySelector<HTMLInputElement>('input[type="search"]');
  search?.focus();
  search?.select();
  return search !== null;
}

/** Afterwards `g` then h, c, a, f or s goes to a page, `/` focuses the search field and `?` opens the list of keys. */
export function startShortcuts(): void {
  if (!document.documentElement.dataset["member"]) return;
  // A page that is just open counts its time from zero: no key may look like the second of two.
  let chordAt = Number.NEGATIVE_INFINITY;
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const address = addressOf(event.key);
    if (event.key === "g") chordAt = event.timeStamp;
    else if (address && event.timeStamp - chordAt < CHORD_MS) location.assign(address);
    else if (event.key === "/" && focusSearch()) event.preventDefault();
    else if (event.key === "?") document.querySelector<HTMLDialogElement>("#shortcuts")?.showModal();
  });
}
