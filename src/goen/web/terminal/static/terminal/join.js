// Somebody new: by a code on their own phone, or by number alone. And a paper card's balance moves to a member.
import { call, Offline, Refused } from "./api.js";
import { lookUp } from "./member.js";

export function joining({ $, words, say, points, node, shop, choose, member, lost, problemText }) {
  const note = (id, text, bad) => { const at = $(id); at.textContent = text; at.classList.toggle("bad", Boolean(bad)); at.hidden = !text; };
  const wrong = (id, error) => {
    if (error instanceof Offline) { lost(); note(id, words.join_offline, true); } else note(id, problemText(error.problem ?? {}), true);
  };
  const show = async (memberId) => choose((await lookUp(memberId, "member_id"))[0]);

  // Joining ------------------------------------------------------------------------------------
  let sent = null;  // { id, kind, value }: a code is under way to this contact
  let key = crypto.randomUUID();  // One key per customer: pressed twice, or lost on the way, it happens once.
  const contact = () => { const value = $("join-contact").value.trim(); return { kind: value.includes("@") ? "email" : "phone", value }; };
  const kana = () => $("join-kana").value.trim() || null;

  const codeBox = (open) => {
    $("join-code-box").hidden = !open;
    $("join-send").classList.toggle("btn-primary", !open);
    $("join-send").querySelector("span").textContent = open ? words.join_again : words.join_send;
  };

  function again() {
    sent = null;
    key = crypto.randomUUID();
    $("join").reset();
    codeBox(false);
    note("join-told", "");
  }

  /** The version of the terms that the customer has agreed to; undefined is sent to nobody. */
  const terms = () => ($("join-terms")?.checked ? $("join-terms").value : undefined);

  /** Whoever turns out to be a member already has agreed as well. */
  const agreed = async (id) => { if (terms()) await call("POST", `/v1/members/${id}/terms`, { version: terms() }); };

  async function enrol(identifier) {
    const made = await call("POST", "/v1/members", { kana: kana(), shop, identifiers: [identifier], terms: terms() }, { "idempotency-key": key });
    again();
    $("join").closest("details").open = false;
    await show(made.id);
  }

  $("join-contact").addEventListener("input", () => { sent = null; key = crypto.randomUUID(); codeBox(false); });
  for (const id of ["join-kana", "join-terms"]) $(id)?.addEventListener("input", () => { key = crypto.randomUUID(); });

  $("join").addEventListener("submit", async (event) => {
    event.preventDefault();
    // Enter in the field of the code confirms; the button sends another one.
    if (sent && document.activeElement === $("join-code")) { if ($("join-code").value) confirm(); return; }
    const wanted = contact();
    try {
      const answer = await call("POST", "/v1/contact_codes", wanted);
      sent = { ...wanted, id: answer.id };
      codeBox(true);
      $("join-code").value = "";
      note("join-told", say(words.join_sent, { to: wanted.value }));
      $("join-code").focus();
    } catch (error) { wrong("join-told", error); }
  });

  async function confirm() {
    try {
      if (!sent.proven) {
        const { id, kind, value } = sent;
        const told = await call("POST", "/v1/contact_codes/confirm", { id, kind, value, code: $("join-code").value.replace(/[０-９]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0)).trim() });
        if (told.member) { await agreed(told.member.id); again(); $("join").closest("details").open = false; await show(told.member.id); return; }
        sent.proven = true;
        const known = await adopted();
        if (known) { await agreed(known.id); again(); $("join").closest("details").open = false; await show(known.id); return; }
      }
      await enrol({ kind: sent.kind, value: sent.value, token: sent.id });
    } catch (error) { wrong("join-told", error); $("join-code").focus(); }
  }

  /** Whoever was entered before with this contact and the same kana is that member, and not a new one. */
  async function adopted() {
    if (!kana()) return null;
    const { id, kind, value } = sent;
    try { return await call("POST", "/v1/contact_codes/adopt", { id, kind, value, kana: kana() }); }
    catch (error) { if (error instanceof Refused) return null; throw error; }
  }

  $("join-confirm").addEventListener("click", () => { if (sent) confirm(); });
  $("join-plain").addEventListener("click", async () => {
    if (!$("join").reportValidity()) return;
    try { await enrol(contact()); } catch (error) { wrong("join-told", error); }
  });

  // A paper card ----------------------------------------------------------------------------------
  const printed = () => Number($("paper-points").value.replace(/[０-９]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0)).replace(/\D/g, "") || 0);
  let asked = null;
  const closeSure = () => { asked = null; $("paper-sure").hidden = true; };
  for (const id of ["paper-card", "paper-points"]) $(id).addEventListener("input", closeSure);

  $("paper").addEventListener("submit", (event) => {
    event.preventDefault();
    note("paper-told", "");
    const card = $("paper-card").value.trim(), to = member();
    if (!to?.id) { note("paper-told", words.paper_member, true); return; }
    if (!card) { $("paper-card").focus(); return; }
    asked = { card, member: to.ref, printed_balance: printed() };
    const values = { card, points: points(printed()), member: to.name ?? to.kana ?? to.number };
    $("paper-sure").querySelector("p").textContent = say(printed() ? words.paper_sure : words.paper_sure_known, values);
    $("paper-sure").hidden = false;
    $("paper-yes").focus();
  });
  $("paper-no").addEventListener("click", () => { closeSure(); $("paper-card").focus(); });
  $("paper-yes").addEventListener("click", async () => {
    if (!asked || asked.member.value !== member()?.ref.value) { closeSure(); return; }
    try {
      // The card itself is the key of this act: asked again it gives the first answer.
      const answer = await call("POST", "/v1/card_claims", asked);
      closeSure();
      $("paper").reset();
      await show(answer.member.id);
      note("paper-told", say(words.paper_done, { points: points(answer.points + answer.moved), available: points(answer.balance.available) }));
      $("paper-told").focus();
    } catch (error) {
      const { code, reason, max } = error.problem ?? {};
      closeSure();
      if (code === "claim_not_possible" && words[`paper_${reason}`]) note("paper-told", say(words[`paper_${reason}`], { max: points(max ?? 0) }), true);
      else wrong("paper-told", error);
    }
  });

  return { again() { again(); closeSure(); $("paper").reset(); note("paper-told", ""); } };
}
