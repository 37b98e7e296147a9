// Starts htmx in its core form: own Trusted Types policy, no scripts in attributes, CSRF on every request.
import htmx from "htmx.org";
import { showToast } from "./toast.ts";
import { fragments } from "./trusted.ts";

interface RequestContext {
  request: { headers: Record<string, string> };
  response?: { raw: Response; status: number };
  hx?: { trigger?: string };
}

function forbidden(): never {
  throw new EvalError("scripts in attributes are switched off");
}

/** Error pages are never put into a page part: a toast says what happened and the page stays as it was. */
function explain(status: number): void {
  const text =
    status === 429
      ? "That was a little fast. Wait a moment, then try again."
      : status === 403
        ? "This page has changed since you opened it. Load it again and retry."
        : status === 404
          ? "This is no longer there."
          : "Something went wrong on our side. Nothing was changed.";
  showToast({ level: "error", text });
}

htmx.registerExtension("beyou", {
  init(api: { initSecurity(policy: unknown, sync: unknown, async: unknown): void }) {
    api.initSecurity(fragments, forbidden, forbidden);
  },
  htmx_config_request(_element: Element, detail: { ctx: RequestContext }) {
    const token = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content;
    if (token) detail.ctx.request.headers["X-CSRFToken"] = token;
  },
  htmx_after_request(_element: Element, detail: { ctx: RequestContext }) {
    const { response, hx } = detail.ctx;
    if (!response) return true;
    // A session that ended answers with a redirect to the sign-in page: go there instead of drawing it inside.
    if (response.raw.redirected) {
      location.assign(response.raw.url);
      return false;
    }
    if (new URL(response.raw.url).origin !== location.origin) return false;
    if (response.status >= 400 && response.status !== 422) {
      if (!hx?.trigger) explain(response.status);
      return false;
    }
    return true;
  },
  htmx_error(_element: Element, detail: { ctx?: RequestContext }) {
    if (detail.ctx && !detail.ctx.response) {
      showToast({ level: "error", text: "No connection. Nothing was changed; try again when you are online." });
    }
  },
});
