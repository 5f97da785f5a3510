// Keeps the terminal's page and files on the device, so that it opens without a network. Answers of the API are never kept.
const KEPT = "goen-terminal-1";
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

async function freshFirst(request) {
  const kept = await caches.open(KEPT);
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(4000) });
    if (answer.ok && !answer.redirected) await kept.put("/terminal", answer.clone());
    return answer;
  } catch (error) {
    const old = await kept.match("/terminal");
    if (old) return old;
    throw error;
  }
}

async function keptFirst(request) {
  const kept = await caches.open(KEPT);
  const old = await kept.match(request);
  if (old) return old;
  try {
    const answer = await fetch(request);
    if (answer.ok) await kept.put(request, answer.clone());
    return answer;
  } catch (error) {
    const other = await kept.match(request, { ignoreSearch: true });
    if (other) return other;
    throw error;
  }
}

self.addEventListener("fetch", (event) => {
  const { pathname } = new URL(event.request.url);
  if (event.request.method !== "GET") return;
  if (event.request.mode === "navigate" && pathname === "/terminal") event.respondWith(freshFirst(event.request));
  else if (pathname.startsWith("/static/") || pathname.startsWith("/vendor/")) event.respondWith(keptFirst(event.request));
});
