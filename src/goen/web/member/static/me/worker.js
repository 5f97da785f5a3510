// Keeps the card, the coupons and their files on the phone, so that it opens without a network. Other pages and answers are never kept.
const KEPT = "goen-me-1";
const PATIENCE = 4000;
// What opens without a network, as it was last seen.
const PAGES = ["/me", "/me/benefits"];
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// The card is asked for first, and taken from here where no answer comes. Whoever is signed out has none.
async function cardFirst(request, name) {
  const kept = await caches.open(KEPT);
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE) });
    if (answer.ok && !answer.redirected) await kept.put(name, answer.clone());
    else if (answer.redirected || answer.type === "opaqueredirect") await Promise.all(PAGES.map((each) => kept.delete(each)));
    if (answer.status < 500) return answer;
  } catch { /* No network. */ }
  return (await kept.match(name)) ?? Response.error();
}

// What has its digest in its address never changes; other files are asked for first.
async function file(request, known) {
  const kept = await caches.open(KEPT);
  const old = await kept.match(request);
  if (old && known) return old;
  try {
    const answer = await fetch(request);
    if (answer.ok) await kept.put(request, answer.clone());
    return answer;
  } catch (error) { if (old) return old; throw error; }
}

// A notice for this phone. Where the card is being looked at, it shows by itself what has moved.
self.addEventListener("push", (event) => event.waitUntil((async () => {
  const { title, body, url, tag } = event.data.json();
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  if (pages.some((each) => each.visibilityState === "visible" && each.focused)) return;
  await self.registration.showNotification(title, { body, tag, icon: "/static/goen.svg", data: { url } });
})()));

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil((async () => {
    const url = new URL(event.notification.data.url, location.origin).href;
    const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const open = pages.find((each) => new URL(each.url).pathname.startsWith("/me"));
    if (!open) return self.clients.openWindow(url);
    await open.focus();
    return open.url === url ? undefined : open.navigate(url).catch(() => self.clients.openWindow(url));
  })());
});

self.addEventListener("fetch", (event) => {
  const { pathname, searchParams, origin } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== location.origin) return;
  if (event.request.mode === "navigate") {
    if (PAGES.includes(pathname)) event.respondWith(cardFirst(event.request, pathname));
  } else if (pathname.startsWith("/static/") || pathname.startsWith("/vendor/")) event.respondWith(file(event.request, searchParams.has("v")));
});
