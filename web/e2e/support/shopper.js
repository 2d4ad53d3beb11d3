import { readFile } from "node:fs/promises";

/** @import { Page } from "playwright-core" */
/** @import { Profile } from "./browser.js" */
/** @import { System } from "./system.js" */

/** A phone and a desktop, light and dark. */
export const SCREENS = [
  { name: "phone, light", viewport: { width: 320, height: 640 }, hasTouch: true, colorScheme: /** @type {const} */ ("light") },
  { name: "phone, dark", viewport: { width: 390, height: 844 }, hasTouch: true, colorScheme: /** @type {const} */ ("dark") },
  { name: "desktop, light", viewport: { width: 1280, height: 800 }, colorScheme: /** @type {const} */ ("light") },
  { name: "desktop, dark", viewport: { width: 1280, height: 800 }, colorScheme: /** @type {const} */ ("dark") },
];

/** A visitor of the shop, who finds controls by their accessible names. */
export class Shopper {
  /**
   * @param {Page} page
   * @param {System} system
   * @param {Profile} profile
   */
  constructor(page, system, profile) {
    this.page = page;
    this.system = system;
    // A product can be ordered, and its files can be read, a moment after the page shows them. The page tries again.
    profile.expect(404);
  }

  /** Follows a link at the top of the page. @param {string} name */
  async open(name) {
    await this.page.getByRole("navigation", { name: "Main" }).getByRole("link", { name, exact: true }).click();
  }

  /** Opens a product in the shop. @param {string} title */
  async openProduct(title) {
    await this.open("Shop");
    await this.page.getByRole("list", { name: "Products", exact: true }).getByRole("link", { name: title, exact: true }).click();
    await this.heading(title).waitFor();
  }

  /** @param {string} name */
  heading(name) {
    return this.page.getByRole("heading", { level: 1, name, exact: true });
  }

  /** @param {string} name */
  async press(name) {
    await this.page.getByRole("button", { name, exact: true }).click();
  }

  /** Presses a button of the payment stand-in's checkout. @param {string} name */
  async pressAtCheckout(name) {
    await this.heading("Checkout").waitFor();
    await this.press(name);
  }

  /** Waits until the page says this of the order. @param {string | RegExp} text */
  async reads(text) {
    await this.page.getByRole("status").getByText(text).locator("visible=true").waitFor();
  }

  /**
   * Downloads a file of the library.
   * @param {string} filename
   * @returns {Promise<string>} The content.
   */
  async download(filename) {
    const started = this.page.waitForEvent("download");
    await this.page.getByRole("button", { name: `Download ${filename}` }).click();
    return readFile(await (await started).path(), "utf8");
  }
}
