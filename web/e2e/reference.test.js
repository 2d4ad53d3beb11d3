import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";

import { assertAccessible } from "./support/accessible.js";
import { Account } from "./support/account.js";
import { Profile } from "./support/browser.js";
import { PASSWORD } from "./support/person.js";
import { Site } from "./support/site.js";
import { startSystem } from "./support/system.js";

/** @import { BrowserContextOptions, Page } from "playwright-core" */

const system = await startSystem();
after(() => system.stop());
const site = await Site.listen();
after(() => site.stop());
await site.deploy(system);

const email = "ada@example.com";
await new Account(system, "").call("POST", "/signup", { email, password: PASSWORD, name: "Ada Lovelace" });

const SIZES = {
  phone: { viewport: { width: 320, height: 640 }, hasTouch: true },
  desktop: { viewport: { width: 1280, height: 800 } },
};
for (const [size, options] of Object.entries(SIZES)) {
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    test(`the reference page is readable and accessible: ${size}, ${colorScheme}`, () =>
      open(`${system.api}/docs`, { ...options, colorScheme }, async (page) => {
        const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        assert.equal(ground, colorScheme === "dark" ? "rgb(28, 32, 34)" : "rgb(255, 255, 255)");
        await assertAccessible(page, "the list");
        const operation = await unfold(page, "operations-accounts-signIn");
        await assertAccessible(page, "an operation");
        await operation.getByRole("button", { name: "Try it out" }).click();
        await assertAccessible(page, "an operation to try");
        await execute(page, "operations-accounts-signIn", JSON.stringify({ email, password: PASSWORD }));
        await assertAccessible(page, "an operation with its response");
      }));
  }
}

for (const [where, origin] of [
  ["at 127.0.0.1", system.api],
  ["at localhost", system.api.replace("127.0.0.1", "localhost")],
  ["in a stack, on another origin than the API", site.origin],
]) {
  test(`a request from the reference page has the access token of a sign-in: ${where}`, () =>
    open(`${origin}/docs/`, SIZES.desktop, async (page, profile) => {
      profile.expect(401);
      assert.match(await tried(page, "operations-users-getMe"), /^401/);
      assert.match(await tried(page, "operations-accounts-signIn", JSON.stringify({ email, password: PASSWORD })), /^200/);
      const response = await tried(page, "operations-users-getMe");
      assert.match(response, /^200/);
      assert.match(response, /ada@example\.com/);
      // The token ends with the page.
      assert.deepEqual(await page.evaluate(() => [Object.keys(localStorage), Object.keys(sessionStorage)]), [[], []]);
    }));
}

test("an address can name an operation", () =>
  open(`${system.api}/docs/#/uploads/createUpload`, SIZES.desktop, async (page) => {
    await page.locator("#operations-uploads-createUpload.is-open").waitFor();
  }));

test("the API document names the system that serves it", async () => {
  const original = JSON.parse(await readFile(new URL("../../docs/openapi.json", import.meta.url), "utf8"));
  for (const [url, server] of [
    [system.api, system.api],
    [system.api.replace("127.0.0.1", "localhost"), system.api.replace("127.0.0.1", "localhost")],
    [site.origin, system.api],
  ]) {
    const { servers, ...document } = await (await fetch(`${url}/openapi.json`)).json();
    assert.deepEqual(servers.map((/** @type {{ url: string }} */ each) => each.url), [server]);
    assert.deepEqual({ ...document, servers: original.servers }, original);
  }
});

/**
 * Opens a page in a new browser. Fails when it logged an error or violated its policy.
 * @param {string} url
 * @param {BrowserContextOptions} options
 * @param {(page: Page, profile: Profile) => Promise<void>} body
 */
async function open(url, options, body) {
  const profile = new Profile();
  try {
    const page = await profile.open(options);
    await page.goto(url);
    await page.locator(".opblock").first().waitFor();
    await body(page, profile);
  } catch (error) {
    await profile.remove().catch((problems) => console.error(problems));
    throw error;
  }
  await profile.remove();
}

/** Shows an operation. @param {Page} page @param {string} id */
async function unfold(page, id) {
  const operation = page.locator(`#${id}`);
  const control = operation.locator(".opblock-summary-control");
  if ((await control.getAttribute("aria-expanded")) !== "true") await control.click();
  // The body appears before its content.
  await operation.locator(".try-out").waitFor();
  return operation;
}

/**
 * Sends the request of an operation that can be tried, and waits for the response.
 * @param {Page} page
 * @param {string} id
 * @param {string} [body]
 */
async function execute(page, id, body) {
  const operation = page.locator(`#${id}`);
  if (body) await operation.getByRole("textbox").fill(body);
  await operation.getByRole("button", { name: "Execute" }).click();
  const response = operation.locator(".live-responses-table .response");
  await response.waitFor();
  return await response.innerText();
}

/**
 * Tries an operation and returns the status and the text of the response.
 * @param {Page} page
 * @param {string} id
 * @param {string} [body]
 */
async function tried(page, id, body) {
  const operation = await unfold(page, id);
  const button = operation.getByRole("button", { name: "Try it out" });
  if (await button.isVisible()) await button.click();
  const earlier = operation.getByRole("button", { name: "Clear" });
  if (await earlier.isVisible()) await earlier.click();
  return await execute(page, id, body);
}
