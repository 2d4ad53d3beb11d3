import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";

import { temporaryFolder } from "./support/files.js";
import { tabTo } from "./support/keyboard.js";
import { PASSWORD } from "./support/person.js";
import { startSystem } from "./support/system.js";
import { visit } from "./support/visit.js";

const system = await startSystem();
after(() => system.stop());
const { folder, remove } = await temporaryFolder();
after(remove);

test("signing in, uploading, downloading and deleting work with the keyboard", async () => {
  await writeFile(path.join(folder, "keys.txt"), "typed");
  await visit(system, async (ada) => {
    const { page } = ada;
    // Listens from the start: the first listener makes the browser intercept its dialog, which can take longer than a key press.
    page.on("filechooser", (dialog) => dialog.setFiles(path.join(folder, "keys.txt")));
    await ada.signUp();
    await ada.signOut();

    // The sign-up tab is still selected; arrow keys change tabs.
    await tabTo(page, "Create account");
    await page.keyboard.press("ArrowLeft");
    await tabTo(page, "E-mail");
    await page.keyboard.type(ada.email);
    await tabTo(page, "Password");
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press("Enter");
    await ada.waitForHome();

    await tabTo(page, "Choose files");
    await page.keyboard.press("Enter");
    await ada.stored("keys.txt").waitFor();

    await tabTo(page, "Download keys.txt");
    const download = page.context().waitForEvent("download");
    await page.keyboard.press("Enter");
    assert.equal((await download).suggestedFilename(), "keys.txt");
    await page.bringToFront();

    await tabTo(page, "Delete keys.txt");
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Delete this file?" });
    await dialog.waitFor();
    assert.equal(await page.locator(":focus").innerText(), "Cancel", "the safe button has the focus");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    assert.match(await page.locator(":focus").ariaSnapshot(), /Delete keys.txt/, "the focus returns to the button");
    await page.keyboard.press("Enter");
    await tabTo(page, "Delete");
    await page.keyboard.press("Space");
    await page.getByText("No files yet.").waitFor();
    assert.equal(await page.locator(":focus").innerText(), "Choose files", "the focus moves to a useful element");
  });
});

test("the first Tab reaches the skip link", async () => {
  await visit(system, async (ada) => {
    await ada.page.locator("#sign-in-page").waitFor();
    await ada.page.keyboard.press("Tab");
    const skip = ada.page.getByRole("link", { name: "Skip to main content" });
    assert.ok(await skip.evaluate((link) => link === document.activeElement && link.getBoundingClientRect().top >= 0));
    await ada.page.keyboard.press("Enter");
    await ada.page.locator("main:focus").waitFor();
  });
});
