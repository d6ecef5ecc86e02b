// Builds the scripts and styles of the report page and of the local page into the Python package. The same sources and lock file give the same bytes.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";

const assets = (face) => new URL(`../src/crossroads/faces/${face}/assets/`, import.meta.url).pathname;
const version = JSON.parse(readFileSync("node_modules/uplot/package.json", "utf8")).version;

// What it was built from; a test compares it with the sources, so that no stale bundle is committed.
const digest = createHash("sha256");
for (const name of ["package-lock.json", "build.mjs", ...readdirSync("src").sort().map((file) => `src/${file}`)]) digest.update(readFileSync(name));
const sources = digest.digest("hex").slice(0, 16);
const notice = `/*! Includes uPlot ${version}, (c) Leon Sorokin, MIT License: see uplot-LICENSE.txt. Built from sources ${sources} */`;

for (const [face, source] of [["page", "main"], ["ui", "ui"]]) {
  await build({
    entryPoints: { [face]: `src/${source}.ts` },
    outdir: assets(face),
    bundle: true,
    minify: true,
    format: "iife",
    target: ["es2020", "chrome90", "firefox90", "safari14"],
    banner: { js: notice, css: notice },
    legalComments: "none",
    logLevel: "warning",
  });
}
writeFileSync(`${assets("page")}uplot-LICENSE.txt`, readFileSync("node_modules/uplot/LICENSE"));
