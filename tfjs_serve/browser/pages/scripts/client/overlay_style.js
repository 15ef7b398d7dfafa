// The style of the overlay, in both themes.

export const STYLE = `
:host {
  all: initial;
  color-scheme: light dark;
  --text: light-dark(#1f2328, #e6edf3);
  --muted: light-dark(#57606a, #9aa4af);
  --paper: light-dark(#ffffff, #161b22);
  --line: light-dark(#d0d7de, #30363d);
  --bad: light-dark(#b42318, #ff7b72);
  --link: light-dark(#0550ae, #79c0ff);
}
* { box-sizing: border-box; }
.backdrop {
  position: fixed;
  inset: 0;
  z-index: 2147483647;
  overflow: auto;
  padding: min(8vh, 4rem) 1rem;
  background: rgb(0 0 0 / 66%);
  font: 15px/1.5 system-ui, sans-serif;
  color: var(--text);
}
section {
  max-width: 50rem;
  margin: 0 auto;
  padding: 1rem 1.5rem 1.25rem;
  border-top: 6px solid var(--bad);
  border-radius: 8px;
  background: var(--paper);
}
header { display: flex; justify-content: space-between; align-items: center; color: var(--muted); }
button {
  width: 2.25rem;
  height: 2.25rem;
  border: 0;
  border-radius: 6px;
  background: none;
  color: inherit;
  font: inherit;
  font-size: 1.5rem;
  line-height: 1;
  cursor: pointer;
}
button:hover { background: var(--line); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 1px; }
article + article { margin-top: 1.5rem; border-top: 1px solid var(--line); }
h2 { margin: 0.25rem 0; color: var(--bad); font-size: 1.1rem; overflow-wrap: anywhere; }
p { margin: 0.25rem 0; overflow-wrap: anywhere; white-space: pre-line; }
.url { margin-top: 0.75rem; font-family: ui-monospace, monospace; font-size: 0.85rem; }
a { color: var(--link); }
.hint, .served { color: var(--muted); }
ol { margin: 0.75rem 0 0; padding-left: 1.5rem; }
li { margin: 0.5rem 0; }
code { font-family: ui-monospace, monospace; font-weight: 600; overflow-wrap: anywhere; }
`;
