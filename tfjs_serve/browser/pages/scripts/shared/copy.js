const TOLD_MILLISECONDS = 2000;

/** Give each box of code in `root` a button that copies it. */
export function addCopyButtons(root) {
  for (const box of root.querySelectorAll("pre:not(:has(+ .copy))")) {
    box.after(copyButton(() => box.textContent));
  }
}

/** Return a button that copies what `text` returns. */
export function copyButton(text) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    button.textContent = (await copied(text())) ? "Copied" : "Press Ctrl+C";
    setTimeout(() => (button.textContent = "Copy"), TOLD_MILLISECONDS);
  });
  return button;
}

/** Copy a text; without the clipboard's own functions, which only secure pages have, select it. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedBySelecting(text);
  }
}

function copiedBySelecting(text) {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}
