// Bundles and minifies styles and scripts of the server's pages; tools/minify_layers.py runs it.
//
// stdin:  {folder: path of browser/pages, entries: [paths in it]}
// stdout: [{entry, text, inputs: [paths in the folder]}]
//
// Licences of packages that are bundled stand at the end of the text.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const HERE = dirname(fileURLToPath(import.meta.url));
const MODULES = join(HERE, "node_modules");

const given = JSON.parse(readFileSync(0, "utf8"));

async function bundled(entry) {
  const result = await build({
    entryPoints: [join(given.folder, entry)],
    absWorkingDir: given.folder,
    nodePaths: [MODULES],
    bundle: true,
    external: ["node:*"],
    minify: true,
    format: entry.endsWith("/classic.js") ? "iife" : "esm",
    target: "es2020",
    charset: "utf8",
    legalComments: "none",
    metafile: true,
    write: false,
  });
  const inputs = Object.keys(result.metafile.inputs).map((path) => join(given.folder, path));
  const packages = new Set(inputs.filter(isOfPackage).map(packageOf));
  const own = inputs.filter((path) => !isOfPackage(path));
  return {
    entry,
    text: result.outputFiles[0].text.trimEnd() + "\n" + [...packages].sort().map(notice).join(""),
    inputs: own.map((path) => relative(given.folder, path).split(sep).join("/")),
  };
}

const isOfPackage = (path) => path.startsWith(MODULES + sep);

function packageOf(path) {
  const parts = relative(MODULES, path).split(sep);
  return parts.slice(0, parts[0].startsWith("@") ? 2 : 1).join("/");
}

/** Return the licence of a package as a comment, with the name and version it is of. */
function notice(name) {
  const folder = join(MODULES, name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((found) => /^licen[cs]e/i.test(found));
  if (!file || !existsSync(join(folder, file))) throw new Error(`${name} has no licence to include`);
  const text = readFileSync(join(folder, file), "utf8").trim().replaceAll("*/", "* /");
  return `/*! ${name} ${version}, ${license}\n\n${text}\n*/\n`;
}

process.stdout.write(JSON.stringify(await Promise.all(given.entries.map(bundled))));
