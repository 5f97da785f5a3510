// A return by receipt number: the sale's lines, what comes back of each, and what that does.
import { call, Offline } from "./api.js";

export function returns({ $, words, say, yen, points, node, shop, device, key, stamp, clerk, problemText }) {
  let sale = null, number = "";
  const told = (text, bad) => { const at = $("return-told"); at.textContent = text; at.classList.toggle("bad", Boolean(bad)); at.hidden = !text; };

  $("return-find").addEventListener("submit", async (event) => {
    event.preventDefault();
    told("");
    $("return-lines").hidden = true;
    const receipt = $("return-number").value.trim();
    if (!receipt) return;
    try {
      sale = await call("GET", `/v1/purchases?shop=${encodeURIComponent(shop)}&external_id=${encodeURIComponent(receipt)}`);
      number = crypto.randomUUID().slice(0, 8);
      const rows = sale.lines.map((line) => {
        const row = node("div", "return-line");
        const label = node("label", "", `${line.name ?? `${words.line} ${line.line}`} ${yen(line.amount)}`);
        const input = node("input", "form-control num");
        Object.assign(input, { type: "number", min: "0", max: String(line.quantity ?? 1), step: "any", value: String(line.quantity ?? 1), id: `back-${line.line}` });
        label.htmlFor = input.id;
        row.append(label, input);
        return row;
      });
      const go = node("button", "btn btn-danger", words.return_now);
      $("return-lines").replaceChildren(...rows, go);
      $("return-lines").hidden = false;
    } catch (error) {
      told(error instanceof Offline ? words.failed : error.status === 404 ? words.return_none : problemText(error.problem), true);
    }
  });

  $("return-lines").addEventListener("submit", async (event) => {
    event.preventDefault();
    const lines = sale.lines.map((line) => ({ line: line.line, quantity: Number($(`back-${line.line}`).value) })).filter((line) => line.quantity > 0);
    try {
      // The number stays until the return is answered: pressed twice, it happens once.
      const answer = await call("POST", `/v1/purchases/${sale.id}/returns`, { external_id: `${stamp()}-${device}.${key}-R${number}`, occurred_at: sale.asked ??= new Date().toISOString(), shop, terminal: device, staff: clerk().login, lines });
      told(say(words.returned, { money: yen(answer.refund.money), earned: points(answer.points.earned_reversed), used: points(answer.points.used_restored) }));
      $("return-lines").hidden = true;
      $("return-find").reset();
    } catch (error) { told(error instanceof Offline ? words.failed : problemText(error.problem), true); }
  });
}
