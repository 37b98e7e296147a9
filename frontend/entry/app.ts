// Loaded on every page: navigation, live updates and page parts. Everything works without it, too.
import "../elements/badge.ts";
import "../elements/copy-text.ts";
import "../elements/htmx-setup.ts";
import "../elements/toast.ts";
import { startDialogs } from "../elements/dialogs.ts";
import { startSessionClock } from "../elements/session-clock.ts";
import { startShortcuts } from "../elements/shortcuts.ts";
import { startSocket } from "../elements/socket.ts";
import { followLookForms } from "../elements/theme.ts";
import { workerURL } from "../elements/trusted.ts";

startDialogs();
followLookForms();
startShortcuts();
startSocket();
startSessionClock();

// The error summary of a form that came back takes the focus, so that nobody has to search for what is wrong.
document.querySelector<HTMLElement>("[data-error-summary]")?.focus();

// A decision of the staff shows at once, on every open page.
document.body.addEventListener("by:verification", (event) => {
  const { is_verified } = (event as CustomEvent<{ is_verified?: boolean }>).detail;
  for (const badge of document.querySelectorAll<HTMLElement>("[data-own-badge]")) badge.hidden = is_verified !== true;
});

if ("serviceWorker" in navigator) {
  addEventListener("load", () => void navigator.serviceWorker.register(workerURL("/sw.js"), { scope: "/" }));
}
