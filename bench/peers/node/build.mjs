// Bundles the function into dist/, as it is deployed: one minified module, and the native module bcrypt beside it.
import { cp, rm } from "node:fs/promises";
import path from "node:path";

import { build } from "esbuild";

const NATIVE = `prebuilds/${process.platform}-${process.arch}`;

await rm("dist", { recursive: true, force: true });
await build({
  entryPoints: ["src/index.mjs"],
  outfile: "dist/index.mjs",
  bundle: true,
  minify: true,
  format: "esm",
  platform: "node",
  target: "node20",
  mainFields: ["module", "main"],
  external: ["bcrypt"],
  // jsonwebtoken is CommonJS and requires Node's own modules.
  banner: { js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);' },
});
// Lambda's system library is glibc. The sources of bcrypt, and its modules for other systems, stay behind.
for (const file of ["bcrypt/package.json", "bcrypt/bcrypt.js", "bcrypt/promises.js", "node-gyp-build"]) {
  await cp(path.join("node_modules", file), path.join("dist/node_modules", file), { recursive: true });
}
await cp(path.join("node_modules/bcrypt", NATIVE), path.join("dist/node_modules/bcrypt", NATIVE), {
  recursive: true,
  filter: (file) => !file.includes("musl"),
});
