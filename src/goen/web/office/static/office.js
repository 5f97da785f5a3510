// The office: Home follows the figures, and forms of htmx carry the page's own mark (in the form itself).
const figures = document.getElementById("figures");
if (figures) {
  const state = document.getElementById("live");
  const events = new EventSource(figures.dataset.live);
  let first = true;
  events.addEventListener("open", () => { state.textContent = state.dataset.on; state.classList.add("on"); });
  events.addEventListener("error", () => { state.textContent = state.dataset.off; state.classList.remove("on"); });
  events.addEventListener("moved", () => {
    // What the page was painted with is current; the first word only says from where on.
    if (first) { first = false; return; }
    const open = [...figures.querySelectorAll("details[open]")].map((each) => each.id);
    figures.addEventListener("htmx:after:swap", () => { for (const id of open) document.getElementById(id)?.setAttribute("open", ""); }, { once: true });
    htmx.trigger(figures, "moved");
  });
  addEventListener("pagehide", () => events.close());
}

// Where one begins to type, on devices with a keyboard: on a phone the numbers above are read first.
if (matchMedia("(pointer: fine)").matches) document.querySelector("[data-begin]")?.focus({ preventScroll: true });

// Duplicates: the box of the decision is where one begins; its keys count only while the focus is within it.
const box = document.querySelector(".decide");
if (box) {
  box.querySelector("[data-key]").focus({ preventScroll: true });
  box.querySelector(".keys-hint").hidden = false;
  box.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    const wanted = box.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (wanted) { event.preventDefault(); wanted.click(); }
  });
}
