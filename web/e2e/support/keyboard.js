import assert from "node:assert/strict";

/** @import { Page } from "playwright-core" */

/** More than the number of focusable elements of the page. */
const MAX_PRESSES = 60;

/**
 * Presses Tab until an element has the focus. Fails when the focus is not visible.
 * @param {Page} page
 * @param {string} name The start of the element's accessible name.
 */
export async function tabTo(page, name) {
  /** @type {string[]} */
  const passed = [];
  for (let presses = 0; presses < MAX_PRESSES; presses++) {
    await page.keyboard.press("Tab");
    const focused = page.locator(":focus");
    // After the last element, the focus is in the browser's own controls.
    if ((await focused.count()) === 0) continue;
    const [seen] = (await focused.ariaSnapshot()).split("\n");
    const outline = await focused.evaluate((element) => getComputedStyle(element).outlineStyle);
    assert.notEqual(outline, "none", `the focus on ${seen} is visible`);
    passed.push(seen);
    if (seen.includes(`"${name}`)) return focused;
  }
  throw new Error(`Tab does not reach ${name}, only:\n${passed.join("\n")}`);
}
