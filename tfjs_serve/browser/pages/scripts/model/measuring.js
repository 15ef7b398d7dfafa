// Buttons that have a variant made, which measures how far its weights are from the full ones.

/** Show the buttons: without scripts they do nothing. */
export function showMeasuring(part) {
  for (const button of part.querySelectorAll("button.measure")) button.hidden = false;
}

/** Let all these buttons, also those that come later, do that. @param onMeasured called then */
export function measureOnClick(onMeasured) {
  document.addEventListener("click", async ({ target }) => {
    if (!target.matches?.("button.measure")) return;
    target.disabled = true;
    target.textContent = "Measuring …";
    const said = await asked(target.closest("tr").querySelector("a").href);
    target.textContent = said || "Measured";
    if (!said) await onMeasured();
  });
}

/** Ask for a variant, which makes it; returns what went wrong. */
async function asked(url) {
  try {
    const { ok, status } = await fetch(url, { method: "HEAD" });
    return ok ? "" : `Failed: the server answered with ${status}`;
  } catch {
    return "Failed: the server does not answer";
  }
}
