// The list of models: finds while one types, and shows what changes.

import { keepCurrent, later, refreshed, remember } from "../shared/live.js";
import { refine, start } from "../shared/page.js";

function shown(part, before) {
  refine(part);
  const known = new Map(rows(before).map((row) => [row.dataset.name, row.dataset.key]));
  if (!known.size) return;
  for (const row of rows(part)) {
    if (known.has(row.dataset.name) && known.get(row.dataset.name) !== row.dataset.key) {
      row.classList.add("fresh");
    }
  }
}

const rows = (part) => [...part.querySelectorAll("tbody[data-name]")];

function findWhileTyping(form) {
  form?.addEventListener(
    "input",
    later(async () => {
      const query = new URLSearchParams(new FormData(form));
      const address = new URL(`?${query}`, form.action);
      await refreshed(shown, address);
      history.replaceState(null, "", address);
    }),
  );
}

remember();
start();
findWhileTyping(document.querySelector('form[role="search"]'));
keepCurrent(() => true, shown);
