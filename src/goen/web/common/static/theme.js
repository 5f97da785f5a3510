// Light or dark before anything is painted: as chosen, else as the device likes it.
"use strict";
const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");
const show = () => { root.dataset.bsTheme = root.dataset.chosen || (dark.matches ? "dark" : "light"); };
show();
dark.addEventListener("change", show);
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-theme-switch]")) return;
  root.dataset.chosen = root.dataset.bsTheme === "dark" ? "light" : "dark";
  document.cookie = `goen_theme=${root.dataset.chosen}; path=/; max-age=31536000; samesite=lax`;
  show();
});
