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

test("the page as it is deployed, on another origin than the API, takes files and gives them back", async () => {
  const text = path.join(folder, "notes.txt");
  const picture = path.join(folder, "green.png");
  await writeFile(text, "typed by hand");
  await writeFile(picture, PNG);
  await visit(deployed, async (ada) => {
    assert.equal(new URL(ada.page.url()).origin, site.origin);
    await ada.signUp();
    await ada.signOut();
    await ada.signIn();
    await ada.arrives();
    await ada.choose([text, picture]);
    for (const file of [text, picture]) {
      await ada.stored(path.basename(file)).waitFor();
      const download = await ada.download(path.basename(file));
      assert.deepEqual(await readFile(download.path), await readFile(file));
    }
    const image = ada.stored("green.png").locator("img");
    await image.evaluate((/** @type {HTMLImageElement} */ shown) => shown.decode());
  });
});

test("the page as it is deployed reaches no other API, though its server would let it, and nothing else", async () => {
  const other = await Site.listen();
  after(() => other.stop());
  await visit(deployed, async ({ page }, profile) => {
    for (const [origin, policy] of [
      [other.origin, "connect-src 'self'"], // the page's own
      [other.origin.replace("127.0.0.1", "localhost"), "default-src 'none'"], // the template's
    ]) {
      profile.expectAbout(origin);
      await page.evaluate(forbidden, { origin, policy });
    }
  });
});

/**
 * In the page: waits until the policy that begins so forbids a call.
 * @param {{ origin: string, policy: string }} what
 */
async function forbidden({ origin, policy }) {
  const heard = new Promise((resolve) => {
    addEventListener("securitypolicyviolation", ({ blockedURI, originalPolicy }) => {
      if (blockedURI.startsWith(origin) && originalPolicy.startsWith(policy)) resolve(undefined);
    });
  });
  const answered = await fetch(origin).then(() => true, () => false);
  if (answered) throw new Error(`${origin} answered`);
  await heard;
}
