import assert from "node:assert/strict";

/** @import { CDPSession, Page } from "playwright-core" */

/** What people operate; each has to say what it is. */
const OPERATED = new Set(["button", "checkbox", "combobox", "link", "progressbar", "searchbox", "tab", "textbox", "spinbutton"]);

/** WCAG 2.2, 1.4.3; large text may have less, but ours need not. */
const CONTRAST = 4.5;

/**
 * What holds whatever the page shows: nothing sticks out sideways, all that can be operated has a name, text can be read.
 * @param {Page} page
 * @param {string} what It shows.
 */
export async function inspect(page, what) {
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished)));
  assert.deepEqual(await page.evaluate(sticksOut), [], `${what}: nothing is wider than the window`);
  assert.deepEqual(await nameless(page), [], `${what}: everything has a name`);
  assert.deepEqual(await page.evaluate(unreadable, CONTRAST), [], `${what}: all text can be read`);
}

/** In the page: what is cut off at the right, or makes the page scroll sideways. */
function sticksOut() {
  const { clientWidth, scrollWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  return [...document.body.querySelectorAll("*")]
    .filter((element) => element.getBoundingClientRect().right > clientWidth)
    .map((element) => `${element.tagName}#${element.id}.${element.className}`);
}

/** @param {Page} page */
async function nameless(page) {
  const devtools = await page.context().newCDPSession(page);
  const { nodes } = await devtools.send("Accessibility.getFullAXTree");
  await devtools.detach();
  return nodes
    .filter(({ ignored, role, name }) => !ignored && OPERATED.has(role?.value) && !name?.value)
    .map(({ role, nodeId }) => `${role?.value} ${nodeId}`);
}

/**
 * In the page: texts whose colour is too much like what is behind them.
 * @param {number} wanted
 */
function unreadable(wanted) {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  /** @param {string} colour Red, green and blue, and how opaque, each up to 255. */
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
    return contrast >= wanted ? [] : [`${contrast.toFixed(2)}: ${text}`];
  });
}
