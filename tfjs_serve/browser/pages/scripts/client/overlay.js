// Says in the page why a model of it cannot be loaded, above everything else.
//
// The element has a shadow tree, so the styles of the page do not change it, and its own style is a
// constructed one, which no policy of the page forbids. All texts are set as texts.

import { STYLE } from "./overlay_style.js";

const NAME = "tfjs-serve-overlay";
const problems = new Map();

/** Show why the model at a URL cannot be loaded. */
export function showProblem(url, error) {
  problems.set(url, error);
  render();
}

/** Show no problem of that model any more. */
export function hideProblem(url) {
  if (problems.delete(url)) render();
}

function render() {
  document.querySelector(NAME)?.remove();
  if (problems.size === 0) return;
  const host = document.createElement(NAME);
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
  root.append(dialogOf(host));
  document.documentElement.append(host);
  root.querySelector("button").focus({ preventScroll: true });
}

function dialogOf(host) {
  const close = element("button", { type: "button", title: "Close (Esc)", textContent: "×" });
  close.setAttribute("aria-label", "Close");
  const box = element("section", {}, [
    element("header", {}, [element("strong", { textContent: "tfjs-serve" }), close]),
    ...[...problems].map(([url, error]) => problemOf(url, error)),
  ]);
  box.setAttribute("role", "dialog");
  box.setAttribute("aria-label", "A model cannot be loaded");
  const backdrop = element("div", { className: "backdrop" }, [box]);
  backdrop.addEventListener("click", ({ target }) => target === backdrop && host.remove());
  close.addEventListener("click", () => host.remove());
  backdrop.addEventListener("keydown", ({ key }) => key === "Escape" && host.remove());
  return backdrop;
}

function problemOf(url, error) {
  const page = element("a", { href: url.replace(/model\.json([?#].*)?$/, ""), textContent: url });
  const served = "The page goes on with the last version that could be loaded.";
  return element("article", {}, [
    element("p", { className: "url" }, [page]),
    element("h2", { textContent: error.message }),
    ...(error.hint ? [hintOf(error.hint)] : []),
    ...(error.problems?.length ? [listOf(error.problems)] : []),
    ...(error.isServed ? [element("p", { className: "served", textContent: served })] : []),
  ]);
}

function listOf(list) {
  return element("ol", {}, list.map((problem) =>
    element("li", {}, [
      element("code", { textContent: problem.layerPath || problem.code || "" }),
      element("p", { textContent: problem.message ?? "" }),
      ...(problem.hint ? [hintOf(problem.hint)] : []),
    ]),
  ));
}

/** Hints follow "hint:" on the terminal; here they are sentences. A name at the beginning stays. */
function hintOf(hint) {
  const begun = hint.replace(/^[a-z]+,? /, (word) => word[0].toUpperCase() + word.slice(1));
  const text = /[.?!:]$/.test(begun) ? begun : `${begun}.`;
  return element("p", { className: "hint", textContent: text });
}

function element(name, properties, children = []) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}
