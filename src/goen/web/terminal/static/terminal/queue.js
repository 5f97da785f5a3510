// Every sale goes through the queue: kept first, then sent, in order, and out of the queue only when the server has it.
// A sale is sent again with the very same content, so the server knows it by its number and does it once.
import { call } from "./api.js";
import * as store from "./store.js";

const PIECE = 100;
const listeners = new Set();
export const onChange = (told) => listeners.add(told);
const changed = () => listeners.forEach((told) => told());

export async function add(make) {
  const item = await store.keep(make);
  changed();
  return item;
}

/** Send what waits; several tabs take turns. Throws Offline where the server cannot be reached, Refused for the key. */
export function send() {
  return navigator.locks.request("goen-queue", async () => {
    for (;;) {
      const items = (await store.waiting()).filter((each) => !each.problem).slice(0, PIECE);
      if (!items.length) return;
      const answer = await call("POST", "/v1/purchases/batch", { items: items.map((each) => each.body), sent_at: new Date().toISOString() });
      for (const [n, { status, body }] of answer.items.entries()) {
        if (status === 200 || status === 201) await store.finish(items[n], body);
        else if (status < 500 && status !== 429) await store.change({ ...items[n], problem: body });
        else return changed();
      }
      changed();
    }
  });
}
