import assert from "node:assert/strict";

/** @import { CDPSession, Page } from "playwright-core" */

/** The roles of controls, which all need an accessible name. */
const CONTROL_ROLES = new Set(["button", "checkbox", "combobox", "link", "progressbar", "searchbox", "tab", "textbox", "spinbutton"]);

/** The minimum contrast of WCAG 2.2, 1.4.3 for normal text; used for large text too. */
const CONTRAST = 4.5;

/**
 * Checks the page: no horizontal overflow, an accessible name for every control, and readable text.
 * @param {Page} page
 * @param {string} what The state of the page, for messages.
 */
export async function inspect(page, what) {
  // An animation that is cancelled, because its element is, ends with an error.
  await page.evaluate(async () => void (await Promise.allSettled(document.getAnimations().map((animation) => animation.finished))));
  assert.deepEqual(await page.evaluate(overflowing), [], `${what}: no element overflows the window`);
  assert.deepEqual(await unnamedControls(page), [], `${what}: every control has a name`);
  assert.deepEqual(await page.evaluate(lowContrast, CONTRAST), [], `${what}: all text has enough contrast`);
}

/** Runs in the page: lists the elements that overflow the window to the right. */
function overflowing() {
  const { clientWidth, scrollWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  return [...document.body.querySelectorAll("*")]
    .filter((element) => element.getBoundingClientRect().right > clientWidth)
    .map((element) => `${element.tagName}#${element.id}.${element.className}`);
}

/** @param {Page} page */
async function unnamedControls(page) {
  const devtools = await page.context().newCDPSession(page);
  const { nodes } = await devtools.send("Accessibility.getFullAXTree");
  await devtools.detach();
  return nodes
    .filter(({ ignored, role, name }) => !ignored && CONTROL_ROLES.has(role?.value) && !name?.value)
    .map(({ role, nodeId }) => `${role?.value} ${nodeId}`);
}

/**
 * Runs in the page: lists texts with less contrast than required.
 * @param {number} required
 */
function lowContrast(required) {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  /** @param {string} colour Returns red, green, blue and alpha, each 0 to 255. */
  const pixel = (colour) => {
    if (!canvas) throw new Error("no canvas");
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  /** @param {number[]} colour */
  const luminance = (colour) => {
    const [red, green, blue] = colour.map((value) => (value <= 10.3 ? value / 3294 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  /** @param {Element} element */
  const behind = (element) => {
    for (let each = /** @type {Element | null} */ (element); each; each = each.parentElement) {
      const colour = pixel(getComputedStyle(each).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.body.querySelectorAll("*")].flatMap((element) => {
    const text = [...element.childNodes].map((node) => (node.nodeType === Node.TEXT_NODE ? node.textContent : "")).join("").trim();
    if (!text || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return [];
    const [light, dark] = [pixel(getComputedStyle(element).color), behind(element)].map(luminance).sort((a, b) => b - a);
    const contrast = (light + 0.05) / (dark + 0.05);
    return contrast >= required ? [] : [`${contrast.toFixed(2)}: ${text}`];
  });
}
