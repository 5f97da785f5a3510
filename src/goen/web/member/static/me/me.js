// The member's page: the code that turns, points that move while one looks, and a card that opens without a network.
import qrcode from "/vendor/qrcode-generator/dist/qrcode.mjs";
import { code, forget, kept, left, note, step, take } from "./code.js";

const KEPT = "goen-me-1";
const PATIENCE = 6000;
const $ = (id) => document.getElementById(id);
const part = { "x-goen-part": "1" };

// The code --------------------------------------------------------------------------------------
function draw(text) {
  const qr = qrcode(0, "M");
  qr.addData(text, "Numeric");
  qr.make();
  const count = qr.getModuleCount(), quiet = 4, size = count + 2 * quiet;
  let path = "";
  for (let y = 0; y < count; y += 1) for (let x = 0; x < count; x += 1) if (qr.isDark(y, x)) path += `M${x + quiet} ${y + quiet}h1v1h-1z`;
  const made = (name, values) => { const node = document.createElementNS("http://www.w3.org/2000/svg", name); for (const [key, value] of Object.entries(values)) node.setAttribute(key, value); return node; };
  const picture = made("svg", { viewBox: `0 0 ${size} ${size}`, role: "img" });
  const title = made("title", {});
  title.textContent = text;
  picture.append(title, made("path", { fill: "#fff", d: `M0 0h${size}v${size}H0z` }), made("path", { fill: "#000", "shape-rendering": "crispEdges", d: path }));
  return picture;
}

function turner() {
  let mine = null, shown = -1;
  const turn = async () => {
    if (!mine) return;
    const at = Date.now() + mine.ahead;
    $("hand").setAttribute("stroke-dashoffset", String(30 - left(at) / 1000));
    if (step(at) === shown) return;
    shown = step(at);
    const text = await code(mine, at);
    $("qr").replaceChildren(draw(text));
    $("qr").dataset.code = text;
    $("turning").hidden = false;
  };
  setInterval(turn, 1000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) turn(); });
  return (next) => { mine = next; shown = -1; return turn(); };
}

async function turning(pass) {
  if (!globalThis.crypto?.subtle || !globalThis.indexedDB) return;
  const show = turner();
  // What this device has is shown at once; the server then says whether it still is good, and what time it is.
  const mine = await kept().catch(() => undefined);
  if (mine) await show(mine);
  const asked = navigator.onLine ? await fetch("/me/now", { headers: part, cache: "no-store", signal: AbortSignal.timeout(PATIENCE) }).catch(() => null) : null;
  if (asked?.status === 401) { await leave(); return; }
  if (!asked?.ok) return;
  const now = Number(asked.headers.get("x-goen-now"));
  if (!mine || mine.mark !== asked.headers.get("x-goen-mark")) {
    const told = await fetch("/me/key", { method: "POST", headers: part, body: new URLSearchParams({ csrf: pass.dataset.csrf }), signal: AbortSignal.timeout(PATIENCE) }).catch(() => null);
    if (told?.ok) await show(await take(await told.json()));
  } else if (Math.abs(now - Date.now() - mine.ahead) > 2000) {
    const right = { ...mine, ahead: now - Date.now() };
    await note(right);
    await show(right);
  }
}

// Live ------------------------------------------------------------------------------------------
async function refresh(place) {
  const told = await fetch(place.dataset.part, { headers: part, cache: "no-store", signal: AbortSignal.timeout(PATIENCE) }).catch(() => null);
  if (told?.status === 401) { await leave(); return; }
  if (!told?.ok) return;
  const before = $("available")?.textContent;
  place.innerHTML = await told.text();
  if ($("available")?.textContent !== before) $("available")?.classList.add("fresh");
}

function follow(place) {
  let events = null, busy = false, again = false;
  const moved = async () => {
    if (busy) { again = true; return; }
    busy = true;
    do { again = false; await refresh(place); } while (again);
    busy = false;
  };
  const open = () => {
    if (events && events.readyState !== EventSource.CLOSED) return;
    events = new EventSource(place.dataset.live);
    events.addEventListener("open", () => { document.documentElement.dataset.live = "true"; });
    events.addEventListener("error", () => { delete document.documentElement.dataset.live; });
    events.addEventListener("moved", moved);
    events.addEventListener("over", () => { events.close(); leave(); });
  };
  open();
  addEventListener("online", () => { open(); moved(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { open(); moved(); } });
  addEventListener("pagehide", () => events?.close());
  addEventListener("pageshow", (event) => { if (event.persisted) { open(); moved(); } });
}

// The device --------------------------------------------------------------------------------------
async function wipe() { await Promise.allSettled([caches.delete(KEPT), forget()]); }
async function leave() { await wipe(); location.replace("/me/sign-in"); }

function network() { $("offline").hidden = navigator.onLine; }
addEventListener("online", network);
addEventListener("offline", network);
network();

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-forget]");
  if (!form || form.dataset.done) return;
  event.preventDefault();
  wipe().finally(() => { form.dataset.done = "true"; form.requestSubmit(); });
});

document.addEventListener("click", async (event) => {
  const more = event.target.closest("[data-more]");
  if (!more) return;
  event.preventDefault();
  const told = await fetch(more.href, { headers: part, cache: "no-store" }).catch(() => null);
  if (told?.ok) more.closest("li").outerHTML = await told.text();
  else location.assign(more.href);
});

document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy]"), share = event.target.closest("[data-share]");
  if (share) await navigator.share({ title: share.dataset.title, url: share.dataset.share }).catch(() => {});
  if (!copy) return;
  await navigator.clipboard?.writeText(copy.dataset.copy).then(() => { copy.textContent = copy.dataset.copied; }, () => {});
});
if (navigator.share) for (const each of document.querySelectorAll("[data-share]")) each.hidden = false;

// The camera ------------------------------------------------------------------------------------
/** Of a friend's link the code is meant. */
const meant = (text) => /\/invite\/([^/?#]+)/.exec(text)?.[1] ?? text;
for (const each of document.querySelectorAll("[data-scan]")) {
  each.hidden = false;
  each.addEventListener("click", async () => {
    const { scan } = await import($("main").dataset.camera);
    const text = await scan($("camera")), field = $(each.dataset.scan);
    if (text) field.value = meant(text);
    if (text && "go" in each.dataset && field.form.reportValidity()) field.form.requestSubmit(); else field.focus();
  });
}

async function keep() {
  if (!("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register("/me/worker.js", { scope: "/me" });
  await navigator.serviceWorker.ready;
  if ($("main").dataset.here !== "card") return;
  const cache = await caches.open(KEPT);
  const used = performance.getEntriesByType("resource").map((each) => each.name).filter((each) => /\/(static|vendor)\//.test(each));
  await Promise.allSettled(["/me", "/me/benefits", ...used].map(async (each) => { if (!(await cache.match(each))) await cache.add(each); }));
  document.documentElement.dataset.kept = "true";
}

if ($("pass")) turning($("pass")).catch(() => {});
if ($("now")) follow($("now"));
if ($("push")) import("./push.js").then(({ notices }) => notices($("push")), () => {});
keep().catch(() => {});
