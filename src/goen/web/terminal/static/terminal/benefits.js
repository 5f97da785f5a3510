// What comes with a member beside points: coupons to tap, discounts of campaigns, the check-in, stamps after the sale.
// All of it needs the network: without one nothing is taken off.
import { call, Offline, Refused } from "./api.js";

const ISSUED = /^[0-9A-Z]{5}-?[0-9A-Z]{5}-?[0-9A-Z]{5}$/;
const folded = (text) => text.normalize("NFKC").trim().toUpperCase();
const same = (one, other) => folded(one).replace(/[^0-9A-Z_%+.]/g, "") === folded(other).replace(/[^0-9A-Z_%+.]/g, "");

/** Whether a text that names no member looks like an issued coupon. The retailer's own public codes have no shape. */
export const couponLike = (typed) => ISSUED.test(folded(typed)) && /[A-Z]/.test(folded(typed));

export function benefits({ $, words, say, yen, points, node, change, lost, shop, problemText }) {
  let coupons = [];          // { code, text, until } that may be tapped
  let chosen = new Set();    // codes of coupons that this sale uses
  let offers = [];           // campaigns that the last quote has found
  let left = new Set();      // those of them that the clerk leaves out
  let note = "";
  let whose = null;

  const day = (text) => new Date(new Date(text) - 1).toLocaleDateString("ja-JP", { year: "numeric", month: "2-digit", day: "2-digit" });
  const effect = (e) => say(words[`coupon_${e.kind}`], { money: yen(e.yen ?? 0), percent: e.percent, name: e.name, times: e.multiplier });
  const taken = () => offers.map((each) => each.campaign).filter((code) => !left.has(code));

  function toggle(text, sub, on, press) {
    const button = node("button", "btn extra");
    button.type = "button";
    button.setAttribute("aria-pressed", String(on));
    button.append(node("span", "extra-text", text), node("span", "small", sub));
    button.addEventListener("click", press);
    return button;
  }

  function paint() {
    const place = $("extras-list");
    const focused = [...place.children].indexOf(document.activeElement);
    place.replaceChildren(
      ...coupons.map((each) => toggle(each.text, each.until ? say(words.until, { day: day(each.until) }) : "", chosen.has(each.code), () => {
        if (!chosen.delete(each.code)) chosen.add(each.code);
        note = "";
        paint();
        change();
      })),
      ...offers.map((each) => toggle(each.name, each.gifts.length ? say(words.gift, { name: each.gifts.join("、") }) : `−${yen(each.amount)}`, !left.has(each.campaign), () => {
        if (!left.delete(each.campaign)) left.add(each.campaign);
        paint();
        change();
      })),
    );
    if (focused >= 0) place.children[focused]?.focus();
    $("extras").hidden = !place.children.length && !note;
    $("extras-note").textContent = note;
    $("extras-note").hidden = !note;
  }

  /** Somebody else is at the till, or nobody. */
  async function of(member) {
    if (member?.id !== whose) {  // A code that the customer brought stays; what is a member's goes.
      coupons = coupons.filter((each) => each.brought);
      chosen = new Set(coupons.map((each) => each.code).filter((code) => chosen.has(code)));
      left = new Set();
      note = "";
    }
    whose = member?.id;
    paint();
    if (!member?.id) return;
    try {
      const { items } = await call("GET", `/v1/members/${member.id}/coupons?state=usable&limit=100`);
      if (whose !== member.id) return;
      const mine = items.map((each) => ({ code: each.code, text: `${effect(each.effect)} ${each.name}`, until: each.usable_until }));
      coupons = [...mine, ...coupons.filter((each) => !mine.some((one) => same(one.code, each.code)))];
      paint();
    } catch (error) { if (error instanceof Offline) lost(); }
  }

  /** Whether there is a coupon of this code, usable or not; so a public code is told from a mistyped card. */
  async function knows(typed) {
    try { return Boolean((await call("POST", "/v1/coupons/validate", { code: folded(typed), shop })).coupon); }
    catch (error) { if (error instanceof Refused && error.status === 422) return false; throw error; }
  }

  /** A code that was scanned or typed: it is used like one that was tapped. */
  function add(typed) {
    const known = coupons.find((each) => same(each.code, typed));
    if (!known) coupons.push({ code: folded(typed), text: folded(typed), until: null, brought: true });
    chosen.add((known ?? coupons.at(-1)).code);
    note = "";
    paint();
    change();
  }

  /** What a quote says: what this sale could have, what the chosen coupons take off. True: it has to be asked again. */
  function told(quote) {
    const before = taken().join();
    offers = (quote.available ?? []).filter((each) => each.amount > each.postage || each.gifts.length);
    for (const used of quote.coupons.used) {
      const known = coupons.find((each) => same(each.code, used.code));
      if (known && known.text === known.code) known.text = used.name;
    }
    paint();
    return taken().join() !== before;
  }

  /** A coupon cannot be used for this sale: it is laid aside, and the clerk told why. */
  function refused(problem) {
    const known = coupons.find((each) => same(each.code, problem.coupon ?? ""));
    if (problem.code !== "coupon_not_usable" || !known) return false;
    chosen.delete(known.code);
    note = `${known.text}: ${say(words[`coupon_no_${problem.reason}`] ?? words.coupon_no, { money: yen(problem.missing ?? 0) })}`;
    if (["unknown_coupon", "void", "stopped", "used", "expired"].includes(problem.reason)) coupons = coupons.filter((each) => each !== known);
    paint();
    return true;
  }

  function clear(said = "") {
    coupons = [];
    chosen = new Set();
    offers = [];
    left = new Set();
    whose = null;
    note = said;
    paint();
  }

  /** Without a network: whether something was to come off that now does not. */
  function off() {
    const any = chosen.size > 0 || taken().length > 0;
    if (any) clear(words.extras_offline);
    return any;
  }

  const asked = () => ({ ...(chosen.size ? { coupons: [...chosen] } : {}), ...(taken().length ? { offers: taken() } : {}) });

  /** A button for whoever has come to the shop, where a rule gives something for it. */
  function visit(member, arrived) {
    const box = node("div", "stack");
    const button = node("button", "btn", words.visit);
    const said = node("p", "small");
    const key = crypto.randomUUID();  // Pressed twice, or lost on the way, it happens once.
    button.type = "button";
    said.setAttribute("role", "status");
    button.addEventListener("click", async () => {
      try {
        const answer = await call("POST", "/v1/visits", { member: member.ref, shop }, { "idempotency-key": key });
        said.textContent = say(words.visit_done, { points: points(answer.points) });
        button.hidden = true;
        arrived(answer);
      } catch (error) {
        if (error instanceof Offline) { lost(); said.textContent = words.join_offline; }
        else said.textContent = words[`visit_${error.problem.reason}`] ?? problemText(error.problem);
      }
    });
    box.append(button, said);
    return box;
  }

  /** After the sale: what is to be handed over, and how far the member's stamp cards are. */
  async function after(answer) {
    const place = $("result-more");
    const gifts = [...(answer?.offers ?? []).flatMap((each) => each.gifts), ...(answer?.coupons.used ?? []).map((each) => each.gift).filter(Boolean)];
    place.replaceChildren(...gifts.map((name) => node("li", "", say(words.hand_over, { name }))), ...(answer?.coupons.issued ?? []).map((code) => node("li", "", say(words.issued, { code }))));
    if (!answer?.member) return;
    try {
      const { items } = await call("GET", `/v1/members/${answer.member.id}/stamps`);
      place.append(...items.filter((each) => each.open || each.stamps > 0).map((each) => {
        const gives = each.reward.points ? points(each.reward.points) : each.reward.gift ?? words.a_coupon;
        return node("li", "", say(each.missing ? words.stamps : words.stamps_full, { name: each.name, on: Math.max(0, each.stamps), full: each.full, missing: each.missing, gives }));
      }));
    } catch (error) { if (!(error instanceof Offline || error instanceof Refused)) throw error; }
  }

  return { of, knows, add, told, refused, off, clear, asked, visit, after, any: () => chosen.size > 0 || taken().length > 0 };
}
