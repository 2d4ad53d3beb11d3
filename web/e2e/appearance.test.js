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

/** Long names without spaces, which can break layouts. */
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
    test(`the page has no overflow, unnamed controls or low contrast: ${size}, ${colorScheme}`, async () => {
      await visit(system, (ada, profile) => walk(ada, profile), { ...options, colorScheme, name: NAME });
    });
  }
}

/**
 * Goes through all states of the page and inspects each.
 * @type {Parameters<typeof visit>[1]}
 */
async function walk(ada, profile) {
  const { page } = ada;
  profile.expect(401);
  profile.expect(422);
  profile.allowErrorsAbout("net::ERR_INTERNET_DISCONNECTED");
  await page.locator("#sign-in-page").waitFor();
  await inspect(page, "the sign-in page");
  await ada.signIn("not the password");
  await ada.signInForm.getByRole("alert").waitFor();
  await inspect(page, "a wrong password");
  await page.getByRole("tab", { name: "Create account" }).click();
  await ada.signUpForm.getByRole("button", { name: "Create account" }).click();
  await ada.signUpForm.getByText("Please fill in this field.").first().waitFor();
  await inspect(page, "empty fields");
  await page.goto(`${system.page}#finish-sign-up=used`);
  await page.getByRole("heading", { name: "This link no longer works" }).waitFor();
  await inspect(page, "a used link");
  await page.getByRole("button", { name: "Back to sign-in" }).click();

  await ada.signUp();
  await inspect(page, "the home page without files");
  await ada.choose(path.join(folder, LONG));
  await ada.stored(LONG).waitFor();
  await page.getByRole("button", { name: `Details of ${LONG}` }).click();
  await page.getByRole("button", { name: "Share with everyone who is signed in" }).click();
  await page.getByRole("button", { name: "Stop sharing with" }).waitFor();
  await inspect(page, "the details of a shared file");
  await page.keyboard.press("Escape");
  await page.getByLabel("Search").fill("no such file");
  await inspect(page, "a search without results");
  await page.getByLabel("Search").fill("");
  await new Parts(page.context(), system).holdAfter(2);
  await ada.choose(path.join(folder, LARGE));
  await ada.uploading(LARGE).getByText(/16\.8 MB/).waitFor();
  await page.getByText("Account", { exact: true }).click();
  await inspect(page, "a running upload");
  await page.context().setOffline(true);
  await ada.uploading(LARGE).getByText(/^Offline/).waitFor();
  await inspect(page, "an upload while the browser is offline");
  await page.context().setOffline(false);
  await ada.page.getByRole("button", { name: `Pause ${LARGE}` }).click();
  await ada.uploading(LARGE).getByText(/Paused at/).waitFor();
  await inspect(page, "a paused upload");

  await ada.revisit();
  await ada.unfinished(LARGE).waitFor();
  await page.getByLabel(/^Age/).fill("old");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator("#profile .field-error").waitFor();
  await inspect(page, "an unfinished upload and an invalid profile");
  await page.getByRole("button", { name: `Discard ${LARGE}` }).click();
  await page.getByRole("dialog").waitFor();
  await inspect(page, "the confirmation dialog");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: `Delete ${LONG}` }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("Deleted files (1)").click();
  await inspect(page, "a deleted file");
}
