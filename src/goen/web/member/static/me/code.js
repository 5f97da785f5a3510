// The code that turns: made on this device from its own secret, which no script can read out again (RFC 6238, SHA-256).
const STEP = 30000;
const DIGITS = 8;

const opened = () => new Promise((resolve, reject) => {
  const asked = indexedDB.open("goen-me", 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore("kept");
  asked.onsuccess = () => resolve(asked.result);
  asked.onerror = () => reject(asked.error);
});

async function within(mode, work) {
  const database = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction("kept", mode);
      const asked = work(transaction.objectStore("kept"));
      transaction.oncomplete = () => resolve(asked.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  } finally { database.close(); }
}

/** What this device makes its codes from: { handle, key, mark, ahead }, ahead being the server's clock before ours. */
export const kept = () => within("readonly", (store) => store.get("code"));
export const note = (value) => within("readwrite", (store) => store.put(value, "code"));
export const forget = () => new Promise((resolve) => {
  const asked = indexedDB.deleteDatabase("goen-me");
  asked.onsuccess = asked.onerror = asked.onblocked = () => resolve();
});

/** Take a fresh secret: it is brought into the browser's own keeping and cannot be taken out. */
export async function take({ handle, secret, mark, now }) {
  const raw = Uint8Array.from(atob(secret), (each) => each.charCodeAt(0));
  const key = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  raw.fill(0);
  const value = { handle, key, mark, ahead: now - Date.now() };
  await note(value);
  return value;
}

export const step = (at) => Math.floor(at / STEP);
export const left = (at) => STEP - (at % STEP);

/** The twenty digits of a moment. */
export async function code({ handle, key }, at) {
  const counter = new DataView(new ArrayBuffer(8));
  counter.setBigUint64(0, BigInt(step(at)));
  const digest = new DataView(await crypto.subtle.sign("HMAC", key, counter.buffer));
  const place = digest.getUint8(digest.byteLength - 1) & 15;
  const number = digest.getUint32(place) & 0x7fffffff;
  return `50${handle}${String(number % 10 ** DIGITS).padStart(DIGITS, "0")}`;
}
