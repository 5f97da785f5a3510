// What the device keeps: the queue of sales, those done, and the number of the next one. Survives a killed tab.
const opening = new Promise((resolve, reject) => {
  const asked = indexedDB.open("goen-terminal", 1);
  asked.onupgradeneeded = () => {
    asked.result.createObjectStore("queue", { keyPath: "seq" });
    asked.result.createObjectStore("done", { keyPath: "seq" });
    asked.result.createObjectStore("meta");
  };
  asked.onsuccess = () => resolve(asked.result);
  asked.onerror = () => reject(asked.error);
});

const result = (asked) => new Promise((resolve, reject) => {
  asked.onsuccess = () => resolve(asked.result);
  asked.onerror = () => reject(asked.error);
});

async function within(names, mode, work) {
  const transaction = (await opening).transaction(names, mode, { durability: "strict" });
  const ended = new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
  const value = await work((name) => transaction.objectStore(name));
  await ended;
  return value;
}

/** Give the sale its number and keep it, in one step: a number is never given twice, a sale never lost. */
export function keep(make) {
  return within(["queue", "meta"], "readwrite", async (of) => {
    const seq = ((await result(of("meta").get("seq"))) ?? 0) + 1;
    const item = { seq, ...make(seq) };
    of("meta").put(seq, "seq");
    of("queue").put(item);
    return item;
  });
}

export const waiting = () => within(["queue"], "readonly", (of) => result(of("queue").getAll()));
export const change = (item) => within(["queue"], "readwrite", (of) => { of("queue").put(item); });
export const drop = (seq) => within(["queue"], "readwrite", (of) => { of("queue").delete(seq); });
export const done = () => within(["done"], "readonly", (of) => result(of("done").getAll()));
export const note = (item) => within(["done"], "readwrite", (of) => { of("done").put(item); });

/** The server has it: out of the queue, among those done. */
export function finish(item, answer) {
  return within(["queue", "done"], "readwrite", (of) => {
    of("queue").delete(item.seq);
    of("done").put({ seq: item.seq, external_id: item.external_id, at: item.at, clerk: item.clerk, answer });
  });
}

/** Forget what was done more than two days ago. */
export async function tidy() {
  const before = Date.now() - 2 * 86400000;
  for (const each of await done()) if (each.at < before) await within(["done"], "readwrite", (of) => { of("done").delete(each.seq); });
}
