const TOLD_MILLISECONDS = 2000;

/** Give each box of code in `root` a button that copies it, and make the others in it work. */
export function addCopyButtons(root) {
  for (const box of root.querySelectorAll(".code")) {
    if (!box.querySelector(".copy")) box.append(newButton());
  }
  for (const button of root.querySelectorAll(".copy[hidden]")) button.hidden = false;
  for (const link of root.querySelectorAll(".plain")) link.hidden = true;
}

/** Let all these buttons, also those that come later, copy. */
export function copyOnClick() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button.copy");
    if (button) copy(button);
  });
}

function newButton() {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  return button;
}

async function copy(button) {
  const text = button.dataset.copy ?? button.closest(".code").querySelector("pre").textContent;
  button.textContent = (await copied(text)) ? "Copied" : "Failed";
  setTimeout(() => (button.textContent = "Copy"), TOLD_MILLISECONDS);
}

/** Only secure pages have a clipboard; others can copy what is selected. */
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
