// The section "Proof" of a model's page. What the server has made of it may be replaced at any
// time, so what is shown is looked for when it is needed.

import { withBackends, withUrls } from "../try/backends.js";
import { h } from "../try/ui/dom.js";
import { fetchProof, proveAll } from "./prove.js";
import { firstTold, readable, verdict } from "./words.js";

/** Of this server; a proxy may have put something before all paths. */
const root = new URL("../../", import.meta.url);
const section = document.getElementById("proof");
section?.addEventListener("click", ({ target }) => target.id === "prove" && run());
if (section) new MutationObserver(forget).observe(section, { childList: true });

const place = document.getElementById("proof-outcomes");
const changed = () => document.getElementById("proof-told").dataset.changed;
let running = false;
let comparedAt = "";

/** What was found out of files that have changed since says nothing any more. */
function forget() {
  if (!running && changed() !== comparedAt) place.replaceChildren();
}

async function run() {
  if (running) return;
  running = true;
  comparedAt = changed();
  const status = h("p", { role: "status" }, "Loading TensorFlow.js …");
  const rows = h("tbody");
  place.replaceChildren(status);
  try {
    const data = urlsIn(JSON.parse(document.getElementById("proof-data").textContent));
    const proof = await fetchProof(data.proofUrl);
    const { tf, names, missing } = await withBackends(data.tfjs);
    place.replaceChildren(status, table(rows));
    status.textContent = "Comparing …";
    const shown = [];
    await proveAll(tf, data, proof, names, (outcome) => {
      shown.push(outcome);
      rows.append(row(outcome));
    });
    status.textContent = told(shown, names, missing);
  } catch (error) {
    status.replaceWith(h("p", { role: "alert", class: "notice failed" }, error.message));
  } finally {
    running = false;
    forget();
  }
}

function told(outcomes, names, missing) {
  const wrong = outcomes.filter(({ isRight }) => !isRight);
  const lacking = names.filter((name) => !outcomes.some(({ backend }) => backend === name));
  const said = wrong.length
    ? `The page does not predict what Keras predicts on ${wrong.map(({ backend }) => backend).join(", ")}.`
    : "The page predicts what Keras predicts.";
  const not = [...lacking.map((name) => `This browser has no ${name}.`), ...Object.values(missing)];
  return [said, ...not].join(" ");
}

const HEADS = ["Largest relative difference", "Allowed", "Verdict", "First layer that differs"];

function table(rows) {
  return h("div", { class: "scroll" }, h("table", { class: "stacked" },
    h("thead", {}, h("tr", {}, ["Backend", ...HEADS].map((text) => h("th", { scope: "col" }, text)))), rows));
}

function row(outcome) {
  const cells = [readable(outcome.largest), readable(outcome.tolerance), verdict(outcome), firstTold(outcome)];
  return h("tr", { class: outcome.isRight ? "right" : "wrong" },
    h("th", { scope: "row" }, outcome.backend), cells.map((text, at) => h("td", { "data-label": HEADS[at] }, text)));
}

/** The server tells paths on itself. */
function urlsIn(data) {
  const absolute = (path) => (path?.startsWith("/") ? new URL(path.slice(1), root).href : path);
  const { url, proofUrl, tfjs } = data;
  return { ...data, url: absolute(url), proofUrl: absolute(proofUrl), tfjs: withUrls(tfjs, absolute) };
}
