const UNITS = [
  ["year", 365 * 86400],
  ["month", 30 * 86400],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];
const JUST_NOW_SECONDS = 10;

/** Write the times in `root` as a reader thinks of them; the exact ones are shown on hovering. */
export function tellTimes(root) {
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  for (const element of root.querySelectorAll("time")) {
    const when = new Date(element.dateTime);
    const seconds = (Date.now() - when) / 1000;
    const text = ago(words, seconds);
    if (element.textContent !== text) element.textContent = text;
    element.title ||= when.toLocaleString();
  }
}

function ago(words, seconds) {
  if (seconds < JUST_NOW_SECONDS) return "just now";
  const [unit, length] = UNITS.find(([, length]) => seconds >= length);
  return words.format(-Math.floor(seconds / length), unit);
}
