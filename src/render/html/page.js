"use strict";
{
  const form = document.querySelector("form"), search = form.querySelector("input"), status = form.querySelector("output");
  const entries = [...document.querySelectorAll(".e")].map((node) => ({
    node, text: node.textContent.toLowerCase(),
    has: (set, value) => set === "data-risk" ? node.hasAttribute(set) : (" " + (node.getAttribute(set) || "") + " ").includes(" " + value + " "),
  }));
  const buttons = [...form.querySelectorAll("button[data-set]")];
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean), sets = new Map();
    for (const button of buttons)
      if (button.getAttribute("aria-pressed") === "true")
        sets.set(button.dataset.set, [...(sets.get(button.dataset.set) || []), button.dataset.value]);
    let shown = 0, changes = 0;
    for (const entry of entries) {
      const fits = words.every((word) => entry.text.includes(word)) &&
        [...sets].every(([set, values]) => values.some((value) => entry.has(set, value)));
      entry.node.hidden = !fits;
      if (fits) { shown += 1; changes += Number(entry.node.dataset.count || 1); }
    }
    // What is found in a closed part is shown.
    if (shown !== entries.length) for (const part of document.querySelectorAll("details.part")) part.open = true;
    status.textContent = shown === entries.length ? "" : `${shown} of ${entries.length} entries shown (${changes} ${changes === 1 ? "change" : "changes"})`;
  };
  search.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const button of buttons) button.addEventListener("click", () => {
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    apply();
  });
  const fold = (open) => { for (const entry of entries) if (!entry.node.hidden) entry.node.open = open; };
  form.querySelector("#open").addEventListener("click", () => fold(true));
  form.querySelector("#close").addEventListener("click", () => fold(false));
  const step = (by) => {
    const visible = entries.filter((entry) => !entry.node.hidden).map((entry) => entry.node.querySelector("summary")).filter(Boolean);
    const at = visible.indexOf(document.activeElement);
    const next = visible[at < 0 ? (by > 0 ? 0 : visible.length - 1) : at + by];
    if (next) { next.focus(); next.scrollIntoView({ block: "nearest" }); }
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && document.activeElement === search) { search.value = ""; apply(); search.blur(); return; }
    if (document.activeElement === search) return;
    if (event.key === "/") { event.preventDefault(); search.focus(); }
    else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "o") fold(true);
    else if (event.key === "c") fold(false);
  });
  addEventListener("beforeprint", () => {
    for (const part of document.querySelectorAll("details:not(.e)")) part.open = true;
    fold(true);
  });
}
