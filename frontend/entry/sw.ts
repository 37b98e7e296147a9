// Service worker: keeps the hashed public files and one offline page. No page of a member is ever stored.
const worker = self as unknown as ServiceWorkerGlobalScope;

const VERSION = "beyou-__VERSION__";
const OFFLINE = "/offline";
const FILES = "__PRECACHE__".split(" ");

worker.addEventListener("install", (event) => {
  const fill = async (): Promise<void> => {
    const cache = await caches.open(VERSION);
    // Without credentials: the stored page is the one that every visitor gets.
    await cache.addAll([...FILES, new Request(OFFLINE, { credentials: "omit" })]);
    await worker.skipWaiting();
  };
  event.waitUntil(fill());
});

worker.addEventListener("activate", (event) => {
  const clear = async (): Promise<void> => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name !== VERSION).map((name) => caches.delete(name)));
    await worker.clients.claim();
  };
  event.waitUntil(clear());
});

async function fromCache(request: Request): Promise<Response> {
  return (await caches.match(request)) ?? fetch(request);
}

async function pageOrOffline(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match(OFFLINE)) ?? Response.error();
  }
}

worker.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname.startsWith("/static/assets/")) event.respondWith(fromCache(event.request));
  else if (event.request.mode === "navigate") event.respondWith(pageOrOffline(event.request));
});
