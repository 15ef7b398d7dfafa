let made = 0;

/** Make tabs of sections with headings, of which one is shown at a time. */
export function makeTabs(root) {
  const panels = [...root.children];
  const list = document.createElement("div");
  list.setAttribute("role", "tablist");
  list.setAttribute("aria-label", "Ways to load it");
  const tabs = panels.map((panel) => makeTab(panel));
  list.append(...tabs);
  list.addEventListener("click", (event) => select(tabs, tabs.indexOf(event.target)));
  list.addEventListener("keydown", (event) => onKey(tabs, event));
  root.prepend(list);
  select(tabs, 0);
}

function makeTab(panel) {
  const heading = panel.querySelector("h3");
  const tab = document.createElement("button");
  tab.type = "button";
  tab.id = `tab${made}`;
  tab.textContent = heading.textContent;
  tab.setAttribute("role", "tab");
  tab.setAttribute("aria-controls", `panel${made}`);
  panel.id = `panel${made}`;
  panel.setAttribute("role", "tabpanel");
  panel.setAttribute("aria-labelledby", tab.id);
  heading.remove();
  made += 1;
  return tab;
}

function select(tabs, chosen) {
  if (chosen < 0) return;
  tabs.forEach((tab, index) => {
    tab.setAttribute("aria-selected", String(index === chosen));
    tab.tabIndex = index === chosen ? 0 : -1;
    document.getElementById(tab.getAttribute("aria-controls")).hidden = index !== chosen;
  });
}

/** Arrows, Home and End, as in https://www.w3.org/WAI/ARIA/apg/patterns/tabs/. */
function onKey(tabs, event) {
  const here = tabs.indexOf(event.target);
  const last = tabs.length - 1;
  const targets = {
    ArrowLeft: here ? here - 1 : last,
    ArrowRight: here === last ? 0 : here + 1,
    Home: 0,
    End: last,
  };
  if (!(event.key in targets)) return;
  event.preventDefault();
  select(tabs, targets[event.key]);
  tabs[targets[event.key]].focus();
}
