import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";

import { temporaryFolder, writeLarge } from "./support/files.js";
import { inspect } from "./support/inspect.js";
import { Parts } from "./support/parts.js";
import { startSystem } from "./support/system.js";
import { visit } from "./support/visit.js";

const system = await startSystem();
after(() => system.stop());
const { folder, remove } = await temporaryFolder();
after(remove);

/** Names without a space, which is where layouts break. */
const LONG = `${"Llanfairpwllgwyngyll".repeat(4)}.txt`;
const LARGE = `${"Taumatawhakatangihanga".repeat(3)}.mov`;
const NAME = "Wolfeschlegelsteinhausenbergerdorff".repeat(2);

before(async () => {
  await writeFile(path.join(folder, LONG), "long");
  await writeLarge(path.join(folder, LARGE));
});

const SIZES = {
  phone: { viewport: { width: 320, height: 640 }, hasTouch: true },
  desktop: { viewport: { width: 1280, height: 800 } },
};
for (const [size, options] of Object.entries(SIZES)) {
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    test(`everything fits, has a name and can be read: ${size}, ${colorScheme}`, async () => {
      await visit(system, (ada, profile) => walk(ada, profile), { ...options, colorScheme, name: NAME });
    });
  }
}

/**
 * Through all that the page can show.
 * @type {Parameters<typeof visit>[1]}
 */
async function walk(ada, profile) {
  const { page } = ada;
  profile.expect(401);
  profile.expect(422);
  await page.locator("#door").waitFor();
  await inspect(page, "the door");
  await ada.signIn("not the password");
  await ada.signInForm.getByRole("alert").waitFor();
  await inspect(page, "a wrong password");
  await page.getByRole("tab", { name: "Create account" }).click();
  await ada.signUpForm.getByRole("button").click();
  await ada.signUpForm.getByText("Please fill this in.").first().waitFor();
  await inspect(page, "empty fields");

  await ada.signUp();
  await inspect(page, "an empty room");
  await ada.choose(path.join(folder, LONG));
  await ada.stored(LONG).waitFor();
  await new Parts(page.context(), system).holdAfter(2);
  await ada.choose(path.join(folder, LARGE));
  await ada.moving(LARGE).getByText(/16\.8 MB/).waitFor();
  await page.getByText("Account", { exact: true }).click();
  await inspect(page, "a file on its way");
  await ada.page.getByRole("button", { name: `Pause ${LARGE}` }).click();
  await ada.moving(LARGE).getByText(/Paused at/).waitFor();
  await inspect(page, "a paused file");

  await ada.returns();
  await ada.unfinished(LARGE).waitFor();
  await page.getByLabel(/^Age/).fill("old");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator("#profile .field-error").waitFor();
  await inspect(page, "an unfinished file, and a mistake in the profile");
  await page.getByRole("button", { name: `Discard ${LARGE}` }).click();
  await page.getByRole("dialog").waitFor();
  await inspect(page, "a question");
}
