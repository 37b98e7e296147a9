import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { defineConfig, type Plugin } from "vite";

const icons = [
  "activity", "arrow-down", "arrow-left", "arrow-right", "at-sign", "badge-check", "ban", "bell", "blocks", "chart-column", "check",
  "check-check", "chevron-down", "chevron-right", "circle-alert", "circle-check", "circle-x", "clock", "copy",
  "download", "ellipsis", "eraser", "external-link", "eye", "file-key-2", "fingerprint", "flag", "gavel", "handshake", "heart", "hourglass", "house", "info",
  "key-round", "laptop", "life-buoy", "link-2", "lock", "lock-keyhole", "log-in", "log-out", "mail", "menu", "message-circle",
  "message-circle-plus", "monitor", "moon", "package", "palette", "paperclip", "pencil", "percent", "plus", "refresh-cw",
  "rotate-cw", "scale", "search", "send", "send-horizontal", "settings", "shield", "shield-alert", "shield-check",
  "shopping-cart", "sliders-horizontal", "smartphone", "sparkles", "star", "store",
  "sun", "sun-moon", "trash-2", "triangle-alert", "undo-2", "upload", "user", "user-check", "user-minus", "user-plus",
  "user-x", "users", "wifi-off", "x",
];

/**
 * Puts the icons that pages use into one SVG file, so that one cached request draws them all. They are filled as
 * the page says: an attribute here would overrule it.
 */
function iconSprite(): Plugin {
  const symbol = (name: string): string =>
    readFileSync(resolve(`node_modules/lucide-static/icons/${name}.svg`), "utf8")
      .replace(/<!--.*?-->\s*/s, "")
      .replace(
        /<svg[\s\S]*?>/,
        `<symbol id="${name}" viewBox="0 0 24 24" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">`,
      )
      .replace("</svg>", "</symbol>")
      .replace(/\s+/g, " ");
  return {
    name: "icon-sprite",
    apply: "build",
    generateBundle() {
      const source = `<svg xmlns="http://www.w3.org/2000/svg">${icons.map(symbol).join("")}</svg>`;
      this.emitFile({ type: "asset", name: "icons.svg", originalFileName: "icons.svg", source });
    },
  };
}

/** Letters outside Latin for receipts and invoices; no page loads them. */
function paperFonts(): Plugin {
  return {
    name: "paper-fonts",
    apply: "build",
    generateBundle() {
      for (const name of ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"]) {
        const source = readFileSync(resolve(`node_modules/dejavu-fonts-ttf/ttf/${name}`));
        this.emitFile({ type: "asset", name, originalFileName: name, source });
      }
    },
  };
}

/** Writes into the service worker which hashed files belong to this build; the list is known only here. */
function precache(): Plugin {
  return {
    name: "precache",
    apply: "build",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const worker = Object.values(bundle).find((file) => file.type === "chunk" && file.name === "sw");
        if (worker?.type !== "chunk") return;
        const shell = Object.keys(bundle)
          .filter((name) => /^assets\/(app|shared|style|icons|figtree-latin-wght)-.*\.(js|css|svg|woff2)$/.test(name))
          .map((name) => `/static/${name}`)
          .sort();
        const version = createHash("sha256").update(shell.join("\n")).digest("hex").slice(0, 12);
        worker.code = worker.code.replace("__PRECACHE__", shell.join(" ")).replace("__VERSION__", version);
      },
    },
  };
}

// Every file in frontend/entry is one script that pages may load by its name.
const entries = Object.fromEntries(
  readdirSync("frontend/entry").map((file) => [file.replace(/\.ts$/, ""), `frontend/entry/${file}`]),
);

export default defineConfig({
  base: "/static/",
  publicDir: false,
  plugins: [iconSprite(), paperFonts(), precache()],
  build: {
    outDir: "frontend/dist",
    assetsDir: "assets",
    emptyOutDir: true,
    manifest: true,
    sourcemap: false,
    license: true,
    assetsInlineLimit: 0,
    // The page names its own preloads (the `script` tag), so that the code to find them need not travel.
    modulePreload: false,
    // Older targets would rewrite light-dark() into variables, which doubles the stylesheet.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    rollupOptions: {
      input: { ...entries, style: "frontend/styles/app.css" },
      // They are on every page anyway; apart they would compress worse.
      output: { codeSplitting: { groups: [{ name: "shared", test: /elements\/(toast|socket|trusted)\.ts$/ }] } },
    },
  },
  worker: { format: "es" },
});
