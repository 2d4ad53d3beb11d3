import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

import { inspect } from "./inspect.js";

/** @import { Page } from "playwright-core" */

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * Asserts that a page can be read and used: by our own rules, and by those of axe.
 * @param {Page} page
 * @param {string} what The state of the page, for messages.
 */
export async function assertAccessible(page, what) {
  await inspect(page, what);
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => /** @type {any} */ (globalThis).axe.run({ resultTypes: ["violations"] }));
  const found = violations.map((/** @type {any} */ { id, nodes }) => [id, ...nodes.slice(0, 3).map((/** @type {any} */ node) => node.target.join(" "))]);
  assert.deepEqual(found, [], `${what}: axe finds nothing`);
}
