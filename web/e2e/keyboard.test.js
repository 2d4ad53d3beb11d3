import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";

import { temporaryFolder } from "./support/files.js";
import { PASSWORD } from "./support/person.js";
import { startSystem } from "./support/system.js";
import { visit } from "./support/visit.js";

/** @import { Page } from "playwright-core" */

const system = await startSystem();
after(() => system.stop());
const { folder, remove } = await temporaryFolder();
after(remove);

/** The most that a page of this size may need. */
const MANY = 60;

/**
 * Tab by Tab, as one without a mouse gets there; fails where the focus can't be seen.
 * @param {Page} page
 * @param {string} name What has the focus in the end: its accessible name begins with this.
 */
async function tabTo(page, name) {
  /** @type {string[]} */
  const passed = [];
  for (let presses = 0; presses < MANY; presses++) {
    await page.keyboard.press("Tab");
    const focused = page.locator(":focus");
    // Past the last element the focus is the browser's own.
    if ((await focused.count()) === 0) continue;
    const [seen] = (await focused.ariaSnapshot()).split("\n");
    const outline = await focused.evaluate((element) => getComputedStyle(element).outlineStyle);
    assert.notEqual(outline, "none", `the focus on ${seen} can be seen`);
    passed.push(seen);
    if (seen.includes(`"${name}`)) return focused;
  }
  throw new Error(`Tab never comes to ${name}, only to:\n${passed.join("\n")}`);
}

test("everything from signing in to deleting a file works without a mouse", async () => {
  await writeFile(path.join(folder, "keys.txt"), "typed");
  await visit(system, async (ada) => {
    const { page } = ada;
    // From the start: the first one to listen has the browser hand over its dialog, and a key is quicker than that.
    page.on("filechooser", (dialog) => dialog.setFiles(path.join(folder, "keys.txt")));
    await ada.signUp();
    await ada.signOut();

    // The form for signing up is where it was; arrows change tabs.
    await tabTo(page, "Create account");
    await page.keyboard.press("ArrowLeft");
    await tabTo(page, "E-mail");
    await page.keyboard.type(ada.email);
    await tabTo(page, "Password");
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press("Enter");
    await ada.arrives();

    await tabTo(page, "Choose files");
    await page.keyboard.press("Enter");
    await ada.stored("keys.txt").waitFor();

    await tabTo(page, "Download keys.txt");
    const download = page.waitForEvent("download");
    await page.keyboard.press("Enter");
    assert.equal((await download).suggestedFilename(), "keys.txt");
    await page.bringToFront();

    await tabTo(page, "Delete keys.txt");
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Delete this file?" });
    await dialog.waitFor();
    assert.equal(await page.locator(":focus").innerText(), "Keep", "what does no harm is what Enter does");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    assert.match(await page.locator(":focus").ariaSnapshot(), /Delete keys.txt/, "the focus is back where it was");
    await page.keyboard.press("Enter");
    await tabTo(page, "Delete");
    await page.keyboard.press("Space");
    await page.getByText("Nothing here yet.").waitFor();
    assert.equal(await page.locator(":focus").innerText(), "Choose files", "the focus is somewhere sensible");
  });
});

test("the first Tab leads past the header", async () => {
  await visit(system, async (ada) => {
    await ada.page.locator("#door").waitFor();
    await ada.page.keyboard.press("Tab");
    const skip = ada.page.getByRole("link", { name: "Skip to the content" });
    assert.ok(await skip.evaluate((link) => link === document.activeElement && link.getBoundingClientRect().top >= 0));
    await ada.page.keyboard.press("Enter");
    assert.equal(await ada.page.locator("main:focus").count(), 1);
  });
});
