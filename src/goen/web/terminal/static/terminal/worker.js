// Keeps the terminal's page and files on the device, so that it opens without a network. Answers of the API are never kept.
const KEPT = "goen-terminal-1";
const PATIENCE = 4000;
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// What may change under its address is asked for first, and taken from here where no answer comes.
async function freshFirst(request, name) {
  const kept = await caches.open(KEPT);
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE) });
    if (answer.ok && !answer.redirected) await kept.put(name, answer.clone());
    if (answer.status < 500) return answer;
  } catch { /* No network. */ }
  return (await kept.match(name)) ?? Response.error();
}

// What has its digest in its address never changes.
async function keptFirst(request) {
  const kept = await caches.open(KEPT);
  const old = await kept.match(request);
  if (old) return old;
  const answer = await fetch(request);
  if (answer.ok) await kept.put(request, answer.clone());
  return answer;
}

self.addEventListener("fetch", (event) => {
  const { pathname, searchParams, origin } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== location.origin) return;
  if (event.request.mode === "navigate") {
    if (pathname === "/terminal") event.respondWith(freshFirst(event.request, "/terminal"));
  } else if (pathname.startsWith("/static/") || pathname.startsWith("/vendor/")) {
    event.respondWith(searchParams.has("v") ? keptFirst(event.request) : freshFirst(event.request, event.request));
  }
});
