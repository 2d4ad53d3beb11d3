import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromium } from "playwright-core";

/** @import { BrowserContext, BrowserContextOptions, ConsoleMessage, LaunchOptions, Page } from "playwright-core" */

const CHROMIUM = process.env.CHROMIUM || "/usr/bin/chromium";

/** Flags for a browser that makes no background requests and runs as root without a graphics card. */
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
 * A browser with its own profile on disk, which survives `close` and `open`.
 *
 * It records console errors, exceptions and violations of the Content-Security-Policy; `remove` fails when there were any.
 */
export class Profile {
  /** @type {string[]} */
  problems = [];
  /** @type {((status: number, url: string) => boolean)[]} */
  #expected = [];
  /** @type {string[]} */
  #allowedOrigins = [];
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
    context.setDefaultTimeout(60_000);
    await context.addInitScript(() => {
      addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
        console.error(`Content-Security-Policy: ${violatedDirective} forbids ${blockedURI}`),
      );
    });
    context.on("console", (message) => this.#onConsole(message));
    context.on("weberror", (error) => this.problems.push(String(error.error().stack)));
    return context.pages()[0];
  }

  /**
   * Allows a failed response: Chromium logs every response of 400 and above as a console error.
   * @param {number} status
   * @param {string} [url] Default: any.
   */
  expect(status, url) {
    this.#expected.push((seen, where) => seen === status && where === (url ?? where));
  }

  /** Allows console errors that mention an origin. @param {string} origin */
  allowErrorsAbout(origin) {
    this.#allowedOrigins.push(origin);
  }

  /** @param {ConsoleMessage} message */
  #onConsole(message) {
    if (message.type() !== "error") return;
    if (this.#allowedOrigins.some((origin) => message.text().includes(origin))) return;
    const status = /^Failed to load resource: the server responded with a status of (\d+)/.exec(message.text())?.[1];
    const { url } = message.location();
    if (this.#expected.some((expects) => expects(Number(status), url))) return;
    this.problems.push(`${message.text()} (${url})`);
  }

  /** Closes the browser without waiting for running requests. */
  async close() {
    await this.#context?.close();
    this.#context = null;
  }

  async remove() {
    await this.close();
    await rm(this.#folder, { recursive: true, force: true });
    assert.deepEqual(this.problems, []);
  }
}
