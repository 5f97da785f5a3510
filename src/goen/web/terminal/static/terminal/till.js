// The clerk's screen: member, amount, confirm, result. What it shows comes from the API; what it sends goes by the queue.
import { call, Offline, Refused } from "./api.js";
import * as queue from "./queue.js";
import * as store from "./store.js";
import { isCode, lookUp } from "./member.js";
import { returns } from "./returns.js";
import { joining } from "./join.js";
import { benefits, couponLike } from "./benefits.js";

const $ = (id) => document.getElementById(id);
const words = $("words").dataset;
const { shop, device, key, lang, visits, camera } = $("main").dataset;
export const say = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
export const yen = (n) => `${n < 0 ? "−" : ""}¥${Math.abs(n).toLocaleString("ja-JP")}`;
export const points = (n) => `${n.toLocaleString("ja-JP")} P`;
const problemText = (problem) => words[problem.code] ?? problem.detail ?? words.failed;

let clerk = JSON.parse(sessionStorage.getItem("clerk") ?? "null");
let member = null;      // { ref, id?, number?, name?, kana?, available? }
let quoted = null;      // what the server said of the sale as it stands
let last = null;        // the sale on the result
let proof = null;
let online = navigator.onLine;

// Who --------------------------------------------------------------------------------------------
function show() {
  $("clerk").hidden = Boolean(clerk);
  $("work").hidden = !clerk;
  $("who").hidden = !clerk;
  if (clerk) { $("who").querySelector("span").textContent = clerk.name; $("scan").focus(); } else $("pin")?.focus();
}

$("pin-form")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const wrong = $("pin-wrong");
  wrong.hidden = true;
  try {
    clerk = await call("POST", "/terminal/clerk", { staff_id: Number($("staff").value), pin: $("pin").value });
    sessionStorage.setItem("clerk", JSON.stringify(clerk));
    show();
  } catch (error) {
    wrong.textContent = error instanceof Offline ? words.pin_offline : error.status === 429 ? words.pin_locked : words.pin_wrong;
    wrong.hidden = false;
  }
  $("pin").value = "";
});
$("who").addEventListener("click", () => { clerk = null; sessionStorage.removeItem("clerk"); clear(); show(); });

// Member -----------------------------------------------------------------------------------------
function node(tag, name, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
}
const none = $("member").firstElementChild.cloneNode(true);

function showMember() {
  const place = $("member");
  if (!member) { place.replaceChildren(none.cloneNode(true)); $("use-field").hidden = true; return; }
  const card = node("div", "card-of");
  card.append(node("span", "kana", member.kana ?? ""), node("span", "name", member.name ?? member.number ?? member.ref.value));
  if (member.number) card.append(node("span", "mono small", member.number));
  if (member.balance) {
    const line = node("div", "spread");
    const big = node("span", "points-big");
    big.append(node("span", "ring"), member.balance.available.toLocaleString("ja-JP"), node("small", "", " P"));
    line.append(big);
    if (member.balance.tier?.name) line.append(node("span", "mark coin", member.balance.tier.name));
    card.append(node("span", "small soft", words.balance), line);
    if (member.balance.pending) card.append(node("span", "small soft", `${words.pending} ${points(member.balance.pending)}`));
    const [soon] = member.balance.expiring;
    if (soon) card.append(node("span", "small", say(words.expiring, { points: points(soon.points), day: soon.on.replaceAll("-", "/") })));
    if (member.status === "frozen") card.append(node("span", "mark bad", words.frozen));
    if (visits) card.append(extras.visit(member, ({ balance }) => { big.childNodes[1].textContent = balance.available.toLocaleString("ja-JP"); change(); }));
  } else card.append(node("span", "small", words.offline_member));
  const away = node("button", "btn btn-small", words.remove);
  away.type = "button";
  away.addEventListener("click", () => { nobody(); $("scan").focus(); });
  card.append(away);
  place.replaceChildren(card);
  $("use-field").hidden = !(member.balance?.available > 0) || member.status === "frozen";
}

/** No member is at the till; in their place stands what is to be told instead. */
function nobody(told) {
  member = null;
  quoted = null;
  proof = null;
  $("use").value = "";
  extras.of(null);
  showMember();
  change();
  if (told) $("member").replaceChildren(told);
}

async function choose(found) {
  member = found;
  proof = null;
  $("use").value = "";
  showMember();
  extras.of(found);
  change();
  ($("a10").value ? $("confirm") : $("a10")).focus();
}

$("camera-open").addEventListener("click", async () => {
  const { scan } = await import(camera);
  const text = await scan($("camera"));
  if (text) { $("scan").value = text; $("find").requestSubmit(); } else $("scan").focus();
});

$("find").addEventListener("submit", async (event) => {
  event.preventDefault();
  $("camera").close();  // A scanner was quicker.
  const typed = $("scan").value.trim();
  if (!typed) return;
  try {
    const found = await lookUp(typed);
    reached();
    if (found.length === 0 && (couponLike(typed) || await extras.knows(typed))) { $("scan").value = ""; extras.add(typed); showMember(); }
    else if (found.length === 0) nobody(node("p", "note bad", words.nobody));
    else if (found.length === 1) { $("scan").value = ""; await choose(found[0]); }
    else {
      const list = node("div", "choices");
      list.append(node("p", "", words.several));
      for (const each of found) {
        const button = node("button", "btn", `${each.name ?? ""} ${each.number}`);
        button.type = "button";
        button.addEventListener("click", async () => { $("scan").value = ""; await choose((await lookUp(each.id, "member_id"))[0]); });
        list.append(button);
      }
      nobody(list);
    }
  } catch (error) {
    if (error instanceof Offline) {
      lost();
      if (couponLike(typed)) { $("scan").value = ""; $("wrong").textContent = words.extras_offline; $("wrong").hidden = false; return; }
      const kind = isCode(typed) ? "code" : /^\+?[\d-]{10,14}$/.test(typed) && typed.startsWith("0") && typed.replace(/\D/g, "").length < 12 ? "phone" : "card";
      $("scan").value = "";
      await choose({ ref: { kind, value: typed } });
    } else nobody(node("p", "note bad", problemText(error.problem ?? {})));
  }
});

// A scanner types faster than any hand and ends with Enter: wherever the focus is, its code finds a member.
let burst = { text: "", at: 0 };
addEventListener("keydown", (event) => {
  if (!clerk || event.target === $("scan") || event.target.hasAttribute?.("data-scans") || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
  const now = performance.now();
  if (event.key.length === 1) burst = { text: now - burst.at < 35 ? burst.text + event.key : event.key, at: now };
  else if (event.key === "Enter" && burst.text.length >= 8 && now - burst.at < 60) {
    event.preventDefault();
    const target = event.target;
    if (target instanceof HTMLInputElement) { target.value = target.value.endsWith(burst.text) ? target.value.slice(0, -burst.text.length) : ""; }
    $("scan").value = burst.text;
    burst = { text: "", at: 0 };
    $("find").requestSubmit();
  }
}, true);

// Sale -------------------------------------------------------------------------------------------
const half = (text) => text.replace(/[０-９]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0)).replace(/\D/g, "");
const value = (id) => Number(half($(id).value) || 0);
let field = "a10";
for (const id of ["a10", "a8", "use"]) {
  $(id).addEventListener("focus", () => { field = id; $(id).select(); });
  $(id).addEventListener("input", () => { const n = half($(id).value).slice(0, 9); $(id).value = n ? Number(n).toLocaleString("ja-JP") : ""; proof = null; change(); });
}
$("keys").addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-key]")?.dataset.key;
  if (!pressed) return;
  const at = $(field), before = half(at.value);
  const n = pressed === "back" ? before.slice(0, -1) : (before + pressed).slice(0, 9);
  at.value = n ? Number(n).toLocaleString("ja-JP") : "";
  proof = null;
  change();
});
$("use-all").addEventListener("click", () => { if (quoted?.usable) { $("use").value = quoted.usable.max ? quoted.usable.max.toLocaleString("ja-JP") : ""; change(); } });

function lines() {
  return [["a10", 10], ["a8", 8]].filter(([id]) => value(id)).map(([id, tax_rate], n) => ({ line: n + 1, amount: value(id), tax_rate }));
}
const stamp = () => { const d = new Date(); const p = (n) => String(n).padStart(2, "0"); return `${d.getFullYear()}${p(d.getMonth() + 1)}${p(d.getDate())}`; };

function body(seq) {
  return {
    shop, external_id: `${stamp()}-${device}.${key}-${String(seq).padStart(6, "0")}`, occurred_at: new Date().toISOString(),
    terminal: device, staff: clerk.login, lines: lines(), ...(member ? { member: member.ref } : {}),
    ...(value("use") ? { use_points: value("use") } : {}), ...(proof ?? shown() ? { proof: proof ?? shown() } : {}), ...(online ? extras.asked() : { offline: true }),
  };
}

// The code that the phone showed is a proof while it is one of this minute; later a clerk's look is asked for.
const CODE_LASTS = 50000;
const shown = () => (member?.code && online && value("use") && Date.now() - member.code.at < CODE_LASTS ? { kind: "code", value: member.code.value } : null);

let asking = 0;
function change() {
  const total = value("a10") + value("a8"), used = value("use");
  $("sum-total").textContent = yen(total);
  $("sum-used").textContent = `−${points(used)}`;
  $("row-used").hidden = !used;
  $("sum-pay").textContent = yen(quoted && quoted.of === total && quoted.used === used ? quoted.payable : Math.max(0, total - used));
  $("row-earn").hidden = true;
  $("row-off").hidden = true;
  $("wrong").hidden = true;
  $("proof").hidden = true;
  clearTimeout(asking);
  if (total && online) asking = setTimeout(quote, 150);
}

async function quote() {
  const of = value("a10") + value("a8"), used = value("use"), who = member;
  const current = () => of === value("a10") + value("a8") && used === value("use") && who === member;
  try {
    const ask = (more) => { const { external_id: _, staff: __, ...asked } = body(0); return call("POST", "/v1/quotes", { ...asked, ...more }); };
    let told = await ask({ use_points: 0 });
    if (!current()) return;
    if (extras.told(told)) told = await ask({ use_points: 0 });  // With the discounts that it has told of.
    quoted = { of, used, payable: told.payable, usable: told.usable };
    $("use-hint").textContent = say(words.use_max, { points: points(told.usable.max) });
    if (used) told = await ask({ proof: { kind: "staff", value: clerk.login } });
    if (!current()) return;
    quoted.payable = told.payable;
    $("sum-pay").textContent = yen(told.payable);
    $("row-off").hidden = told.total === of;
    $("sum-off").textContent = yen(told.total - of);
    $("sum-earn").textContent = `+${points(told.points.earned + told.points.pending)}`;
    $("row-earn").hidden = !member;
    reached();
  } catch (error) {
    if (error instanceof Offline) lost();
    else if (extras.refused(error.problem ?? {})) change();
    else if (member || error.status === 401) complain(error);
  }
}

function complain(error) {
  if (error instanceof Offline) { lost(); return; }
  const problem = error.problem ?? { code: "failed" };
  $("wrong").textContent = error.status === 401 ? words.forbidden : problemText(problem);
  $("wrong").hidden = false;
}

let busy = false;
$("sale").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (busy) return;
  if (!online && extras.off()) { quoted = null; change(); return; }
  const said = !(value("a10") + value("a8")) ? words.empty : value("use") && !online ? words.use_offline : null;
  if (said) { $("wrong").textContent = said; $("wrong").hidden = false; return; }
  busy = true;
  $("confirm").disabled = true;
  try {
    const item = await queue.add((seq) => ({ external_id: `${stamp()}-${device}.${key}-${String(seq).padStart(6, "0")}`, body: body(seq), at: Date.now(), clerk: clerk.login, name: member?.name ?? member?.number ?? null, used: value("use") || extras.any() }));
    await sent(item);
  } finally { busy = false; $("confirm").disabled = false; }
});

async function sent(item) {
  try { await queue.send(); reached(); } catch (error) { if (error instanceof Offline) lost(); else { await store.drop(item.seq); complain(error); return; } }
  const still = (await store.waiting()).find((each) => each.seq === item.seq);
  if (still?.problem) {
    await store.drop(item.seq);
    paintQueue();
    if (extras.refused(still.problem)) change();
    else if (still.problem.code === "proof_required") { $("proof").hidden = false; $("proof-yes").focus(); } else complain(new Refused(still.problem.status, still.problem));
  } else result(item, still ? null : (await store.done()).find((each) => each.seq === item.seq)?.answer);
}
$("proof-yes").addEventListener("click", () => { proof = { kind: "staff", value: clerk.login }; $("proof").hidden = true; $("sale").requestSubmit(); });

// Result -----------------------------------------------------------------------------------------
function result(item, answer) {
  last = { item, answer };
  $("work").classList.add("done");
  $("result").hidden = false;
  $("undo").hidden = !answer;
  $("undo-sure").hidden = true;
  $("receipt").hidden = false;
  const big = $("result-points");
  big.replaceChildren();
  if (answer) {
    const got = answer.points.earned + answer.points.pending;
    $("h-result").textContent = words.recorded;
    if (answer.member) { big.append(node("span", "ring"), `+${got.toLocaleString("ja-JP")}`, node("small", "", " P")); $("result-balance").textContent = say(words.after, { points: points(answer.balance.available) }); }
    else $("result-balance").textContent = words.guest;
    const used = answer.points.used ? [`−${points(answer.points.used)}`] : [];
    $("receipt").textContent = [...answer.receipt, ...(answer.receipt.length ? [] : used), `No. ${item.external_id}`].join("\n");
  } else {
    $("h-result").textContent = item.used ? words.unsure : words.kept;
    $("result-balance").textContent = item.used ? words.unsure_text : words.kept_text;
    $("receipt").textContent = `No. ${item.external_id}`;
  }
  extras.after(answer);
  $("result").focus();
  paintQueue();
}

function clear() {
  member = null; quoted = null; proof = null; last = null; extras.clear();
  $("sale").reset(); $("find").reset(); newcomers.again();
  $("use-field").hidden = true;
  $("result").hidden = true;
  $("work").classList.remove("done");
  showMember();
  change();
  paintQueue();
  $("scan").focus();
}
$("next").addEventListener("click", clear);
$("print").addEventListener("click", () => print());
$("undo").addEventListener("click", () => {
  $("undo-sure").querySelector("p").textContent = say(words.undo_sure, { money: yen(last.answer.total) });
  $("undo-sure").hidden = false;
  $("undo-yes").focus();
});
$("undo-no").addEventListener("click", () => { $("undo-sure").hidden = true; });
$("undo-yes").addEventListener("click", async () => {
  try {
    await call("POST", `/v1/purchases/${last.answer.id}/cancel`, { occurred_at: new Date().toISOString() }, { "idempotency-key": `undo-${last.item.external_id}` });
    const kept = (await store.done()).find((each) => each.seq === last.item.seq);
    if (kept) await store.note({ ...kept, undone: true });
    $("h-result").textContent = words.undone;
    $("result-points").replaceChildren();
    $("result-balance").textContent = "";
    $("receipt").hidden = true;
    $("undo").hidden = true;
    $("undo-sure").hidden = true;
    paintQueue();
  } catch (error) { $("undo-sure").querySelector("p").textContent = error instanceof Offline ? words.failed : problemText(error.problem); }
});

// Queue and network ------------------------------------------------------------------------------
async function paintQueue() {
  const items = await store.waiting();
  $("queue-count").textContent = items.length;
  const net = $("net");
  net.classList.toggle("off", !online);
  net.classList.toggle("waiting-some", online && items.length > 0);
  net.textContent = (online ? net.dataset.on : net.dataset.off) + (items.length ? ` · ${net.dataset.waiting.replace("{n}", items.length)}` : "");
  $("queue").replaceChildren(...items.map((each) => {
    const row = node("li");
    row.append(node("span", "mono small", each.external_id), node("span", "num", yen(each.body.lines.reduce((sum, l) => sum + l.amount, 0))), node("span", each.problem ? "mark bad" : "mark", each.problem ? words.refused : words.waiting));
    if (each.problem) {
      row.append(node("span", "small", problemText(each.problem)));
      for (const [text, act] of [[words.as_guest, async () => { const { member: _, use_points: __, proof: ___, coupons: ____, ...rest } = each.body; await store.change({ ...each, problem: undefined, body: rest }); flush(); }], [words.drop, async () => { await store.drop(each.seq); paintQueue(); }]]) {
        const button = node("button", "btn btn-small", text);
        button.type = "button";
        button.addEventListener("click", act);
        row.append(button);
      }
    }
    return row;
  }));
  const today = (await store.done()).filter((each) => !each.undone && new Date(each.at).toDateString() === new Date().toDateString());
  $("today").textContent = say(words.today, { count: today.length, money: yen(today.reduce((sum, each) => sum + each.answer.total, 0)) });
}
queue.onChange(paintQueue);

function lost() { online = false; if (extras.off()) { quoted = null; change(); } paintQueue(); }
function reached() { if (!online) { online = true; paintQueue(); } }
async function flush() { try { await queue.send(); reached(); } catch (error) { if (error instanceof Offline) lost(); } paintQueue(); }
async function probe() {
  if (online && !(await store.waiting()).some((each) => !each.problem)) return;
  try { await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(3000) }); reached(); await flush(); } catch { lost(); }
}
addEventListener("online", probe);
addEventListener("offline", lost);
setInterval(probe, 3000);
$("net").addEventListener("click", () => { $("queue-box").open = true; $("queue-box").scrollIntoView(); });

returns({ $, words, say, yen, points, node, shop, device, key, stamp, clerk: () => clerk, problemText });
const extras = benefits({ $, words, say, yen, points, node, change, lost, shop, problemText });
const newcomers = joining({ $, words, say, points, node, shop, choose, member: () => member, lost, problemText });

/** At the first visit the worker comes too late for this page: keep what it was made of. */
async function keepPage() {
  if (!navigator.serviceWorker) return;
  await navigator.serviceWorker.register("/terminal/worker.js", { scope: "/terminal" });
  await navigator.serviceWorker.ready;
  const kept = await caches.open("goen-terminal-1");
  const used = performance.getEntriesByType("resource").map((each) => each.name).filter((name) => /\/(static|vendor)\//.test(new URL(name).pathname));
  await Promise.allSettled(["/terminal", ...used].map(async (each) => { if (!(await kept.match(each))) await kept.add(each); }));
  document.documentElement.dataset.kept = "true";
}
keepPage();
navigator.storage?.persist?.();
store.tidy();
showMember();
change();
show();
flush();
