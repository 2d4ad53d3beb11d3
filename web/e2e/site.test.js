import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";

import { PNG, temporaryFolder } from "./support/files.js";
import { Site } from "./support/site.js";
import { startSystem } from "./support/system.js";
import { visit } from "./support/visit.js";

const site = await Site.listen();
after(() => site.stop());
const system = await startSystem([`AllowedOrigins=${site.origin}`]);
after(() => system.stop());
await site.deploy(system);
const deployed = { ...system, page: site.origin };
const { folder, remove } = await temporaryFolder();
after(remove);

test("the deployed page, on another origin than the API, uploads and downloads files", async () => {
  const text = path.join(folder, "notes.txt");
  const picture = path.join(folder, "green.png");
  await writeFile(text, "typed by hand");
  await writeFile(picture, PNG);
  await visit(deployed, async (ada) => {
    assert.equal(new URL(ada.page.url()).origin, site.origin);
    await ada.signUp();
    await ada.signOut();
    await ada.signIn();
    await ada.waitForHome();
    await ada.choose([text, picture]);
    for (const file of [text, picture]) {
      await ada.stored(path.basename(file)).waitFor();
      const download = await ada.download(path.basename(file));
      assert.deepEqual(await readFile(download.path), await readFile(file));
    }
    const image = ada.stored("green.png").locator("img");
    await image.waitFor();
    await image.evaluate((/** @type {HTMLImageElement} */ shown) => shown.decode());
  });
});

test("the deployed page can connect to its own API only", async () => {
  const other = await Site.listen();
  after(() => other.stop());
  await visit(deployed, async ({ page }, profile) => {
    for (const [origin, policy] of [
      [other.origin, "connect-src 'self'"], // the policy in the page
      [other.origin.replace("127.0.0.1", "localhost"), "default-src 'none'"], // the policy in the template
    ]) {
      profile.allowErrorsAbout(origin);
      await page.evaluate(forbidden, { origin, policy });
    }
  });
});

/**
 * Runs in the page: checks that the policy with this start blocks a request.
 * @param {{ origin: string, policy: string }} what
 */
async function forbidden({ origin, policy }) {
  const violation = new Promise((resolve) => {
    addEventListener("securitypolicyviolation", ({ blockedURI, originalPolicy }) => {
      if (blockedURI.startsWith(origin) && originalPolicy.startsWith(policy)) resolve(undefined);
    });
  });
  const responded = await fetch(origin).then(() => true, () => false);
  if (responded) throw new Error(`${origin} responded`);
  await violation;
}
