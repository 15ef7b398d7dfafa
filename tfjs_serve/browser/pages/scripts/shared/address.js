/**
 * Let the lines to paste in `root` begin with the address at which this browser found the page.
 *
 * The server makes them of the name that it was asked by. A proxy may have another one, TLS, and
 * something before all paths, which only the browser knows.
 */
export function tellOwnAddress(root) {
  const told = document.querySelector('meta[name="address"]')?.content;
  const own = new URL("../..", import.meta.url).href.replace(/\/$/, "");
  if (!told || told === own) return;
  const corrected = (text) => text.replaceAll(`${told}/`, `${own}/`);
  for (const code of root.querySelectorAll(".code code")) {
    code.textContent = corrected(code.textContent);
  }
  for (const { dataset } of root.querySelectorAll("[data-copy]")) {
    dataset.copy = corrected(dataset.copy);
  }
}
