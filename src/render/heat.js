"use strict";
{
  const form = document.querySelector("form"), search = form.querySelector("input[type=search]"), status = form.querySelector("output");
  const holes = form.querySelector("#holes"), selects = [...form.querySelectorAll("select")];
  const rows = [...document.querySelectorAll(".heat tbody tr")].map((node) => ({
    node, sets: selects.map((_, at) => node.querySelectorAll("td")[at].textContent), holes: node.hasAttribute("data-holes"),
    text: (node.textContent + " " + [...node.querySelectorAll("[title]")].map((cell) => cell.title).join(" ")).toLowerCase(),
  }));
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const fits = words.every((word) => row.text.includes(word)) && (!holes.checked || row.holes) &&
        selects.every((select, at) => !select.value || row.sets[at] === select.value);
      row.node.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    status.textContent = shown === rows.length ? "" : `${shown} of ${rows.length} rows shown`;
  };
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  const proof = document.querySelector("#proof");
  const tell = (event) => {
    const cell = event.target.closest("td[title]");
    if (cell) proof.textContent = `${cell.parentNode.querySelector("th").textContent}: ${cell.title}`;
  };
  document.addEventListener("focusin", tell);
  document.addEventListener("mouseover", tell);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && document.activeElement === search) { search.value = ""; apply(); search.blur(); }
    else if (event.key === "/" && document.activeElement !== search) { event.preventDefault(); search.focus(); }
  });
}
