// Notifications on this device: asked for when the member presses the button, and never by ourselves.
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const $ = (id) => document.getElementById(id);

async function subscription(key) {
  const { pushManager } = await navigator.serviceWorker.ready;
  const options = { userVisibleOnly: true, applicationServerKey: bytes(key) };
  try {
    return await pushManager.subscribe(options);
  } catch (error) {
    // One that was made for another key, of another installation at this address.
    const old = await pushManager.getSubscription();
    if (!old) throw error;
    await old.unsubscribe();
    return pushManager.subscribe(options);
  }
}

async function start(form, key) {
  const leave = await Notification.requestPermission();
  if (leave !== "granted") { $("push-denied").hidden = false; return; }
  const made = await subscription(key);
  form.endpoint.value = made.endpoint;
  form.p256dh.value = text(made.getKey("p256dh"));
  form.auth.value = text(made.getKey("auth"));
  send(form);
}

// In a turn of its own: a form does not send itself while it is being asked whether it may be sent.
function send(form) {
  form.dataset.done = "true";
  setTimeout(() => form.requestSubmit());
}

/** Makes the buttons of the section work, where the browser has notifications. */
export function notices(place) {
  if (!("PushManager" in window && "Notification" in window && "serviceWorker" in navigator)) return;
  const begin = place.querySelector("[data-push-start]"), end = place.querySelector("[data-push-end]");
  if (begin) {
    $("push-missing").hidden = true;
    const button = begin.querySelector("button");
    button.hidden = false;
    begin.addEventListener("submit", (event) => {
      if (begin.dataset.done) return;
      event.preventDefault();
      for (const each of ["push-denied", "push-failed"]) $(each).hidden = true;
      button.disabled = true;
      start(begin, place.dataset.key).catch(() => { $("push-failed").hidden = false; }).finally(() => { button.disabled = false; });
    });
  }
  end?.addEventListener("submit", (event) => {
    if (end.dataset.done) return;
    event.preventDefault();
    const over = async () => (await (await navigator.serviceWorker.getRegistration("/me"))?.pushManager.getSubscription())?.unsubscribe();
    over().catch(() => {}).finally(() => send(end));
  });
}
