// Follows the ledger: new movements on top of the table, totals in place.
"use strict";
const ROWS_MAX = 12;
const table = document.getElementById("movements");
const state = document.getElementById("state");
const words = table.dataset;
const number = new Intl.NumberFormat("ja-JP");
const signed = new Intl.NumberFormat("ja-JP", { signDisplay: "exceptZero" });
const clock = new Intl.DateTimeFormat("ja-JP", {
  hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: words.timezone,
});

function cell(text, name) {
  const made = document.createElement("td");
  made.textContent = text;
  if (name) made.className = name;
  return made;
}

function show(movement) {
  table.querySelector(".empty")?.remove();
  const row = document.createElement("tr");
  const points = cell("", movement.points < 0 ? "number less" : "number");
  if (movement.points || !movement.pending) points.append(`${signed.format(movement.points)} P `);
  if (movement.pending) {
    const later = document.createElement("small");
    later.textContent = `${words.pending} ${signed.format(movement.pending)} P`;
    points.append(later);
  }
  row.append(
    cell(clock.format(new Date(movement.at)), "time"),
    cell(movement.shop ?? "—", "shop"),
    cell(words[movement.what], "what"),
    points,
  );
  row.className = "fresh";
  table.prepend(row);
  while (table.rows.length > ROWS_MAX) table.deleteRow(-1);
}

const events = new EventSource("/live");
events.addEventListener("open", () => {
  table.querySelectorAll("tr:not(.empty)").forEach((row) => row.remove());
  state.textContent = state.dataset.live;
  state.classList.add("on");
});
events.addEventListener("error", () => {
  state.textContent = state.dataset.lost;
  state.classList.remove("on");
});
events.addEventListener("movement", (event) => show(JSON.parse(event.data)));
events.addEventListener("totals", (event) => {
  for (const [name, value] of Object.entries(JSON.parse(event.data))) {
    const output = document.querySelector(`[data-total="${name}"]`);
    if (output) output.textContent = number.format(value);
  }
});
