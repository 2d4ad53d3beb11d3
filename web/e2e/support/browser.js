import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromium } from "playwright-core";

/** @import { BrowserContext, BrowserContextOptions, ConsoleMessage, LaunchOptions, Page } from "playwright-core" */

const CHROMIUM = process.env.CHROMIUM || "/usr/bin/chromium";

/** It reaches nothing but the system under test, and needs no graphics card and no user of its own. */
export const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * A browser with a profile of its own, on disk: `close` and `open` again is what a person does who comes back later.
 *
 * Whatever a page complains about is kept, and `remove` fails when there was anything: errors in the console, exceptions,
 * violations of the Content-Security-Policy.
 */
export class Profile {
  /** @type {string[]} */
  complaints = [];
  /** @type {((status: number, url: string) => boolean)[]} */
  #expected = [];
  /** @type {string[]} */
  #forbidden = [];
  #folder = "";
  /** @type {BrowserContext | null} */
  #context = null;

  /**
   * @param {BrowserContextOptions & Pick<LaunchOptions, "args">} [options]
   * @returns {Promise<Page>} An empty page.
   */
  async open(options = {}) {
    this.#folder ||= await mkdtemp(path.join(tmpdir(), "cloakroom-profile-"));
    const context = await chromium.launchPersistentContext(this.#folder, {
      executablePath: CHROMIUM,
      headless: true,
      args: FLAGS,
      ...options,
    });
    this.#context = context;
    context.setDefaultTimeout(15_000);
    await context.addInitScript(() => {
      addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
        console.error(`Content-Security-Policy: ${violatedDirective} forbids ${blockedURI}`),
      );
    });
    context.on("console", (message) => this.#heard(message));
    context.on("weberror", (error) => this.complaints.push(String(error.error().stack)));
    return context.pages()[0];
  }

  /**
   * Chromium reports every answer of 400 and above in the console; a test that provokes one says so.
   * @param {number} status
   * @param {string} [url] Default: any.
   */
  expect(status, url) {
    this.#expected.push((seen, where) => seen === status && where === (url ?? where));
  }

  /** The same of whatever names somebody else's origin. @param {string} origin */
  expectAbout(origin) {
    this.#forbidden.push(origin);
  }

  /** @param {ConsoleMessage} message */
  #heard(message) {
    if (message.type() !== "error") return;
    if (this.#forbidden.some((origin) => message.text().includes(origin))) return;
    const status = /^Failed to load resource: the server responded with a status of (\d+)/.exec(message.text())?.[1];
    const { url } = message.location();
    if (this.#expected.some((expects) => expects(Number(status), url))) return;
    this.complaints.push(`${message.text()} (${url})`);
  }

  /** Ends the browser in the middle of whatever it does. */
  async close() {
    await this.#context?.close();
    this.#context = null;
  }

  async remove() {
    await this.close();
    await rm(this.#folder, { recursive: true, force: true });
    assert.deepEqual(this.complaints, []);
  }
}
