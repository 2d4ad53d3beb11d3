import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";

import { temporaryFolder, writeLarge } from "./support/files.js";
import { Parts } from "./support/parts.js";
import { startSystem } from "./support/system.js";
import { visit } from "./support/visit.js";

/** @import { Person } from "./support/person.js" */

const system = await startSystem();
after(() => system.stop());
const { folder, remove } = await temporaryFolder();
after(remove);
before(async () => {
  await writeLarge(path.join(folder, "film.mov"));
  await writeFile(path.join(folder, "notes.txt"), "my notes");
  await writeFile(path.join(folder, "shorter.txt"), "short");
});

/**
 * Chooses a file for the row of an unfinished upload.
 * @param {Person} person @param {string} filename @param {string} file
 */
async function chooseFor({ page }, filename, file) {
  const asked = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: `Choose the file ${filename} again` }).click();
  await (await asked).setFiles(path.join(folder, file));
}

/** Leaves a small upload unfinished, and returns when its request is held back. @param {Person} person */
async function leaveSmall(person) {
  const { page } = person;
  const isSmall = (/** @type {string} */ url) => url.startsWith(system.s3) && !new URL(url).searchParams.has("partNumber");
  const sent = page.waitForRequest((request) => isSmall(request.url()));
  await page.route(`${system.s3}/**`, () => {});
  await person.choose(path.join(folder, "notes.txt"));
  await sent;
  page.once("dialog", (dialog) => dialog.accept());
  await person.revisit();
  await page.unroute(`${system.s3}/**`);
}

test("an upload that another page started can be started again", async () => {
  await visit(system, async (ada) => {
    await ada.signUp();
    await leaveSmall(ada);
    const row = ada.unfinished("notes.txt");
    await row.getByText("started on another page or device").waitFor();
    await chooseFor(ada, "notes.txt", "shorter.txt");
    await row.getByRole("alert").getByText("has another size").waitFor();
    await chooseFor(ada, "notes.txt", "notes.txt");
    await ada.page.getByRole("dialog", { name: "Start this upload again?" }).getByRole("button", { name: "Start again" }).click();
    await ada.stored("notes.txt").waitFor();
    await row.waitFor({ state: "detached" });
  });
});

test("all unfinished uploads are discarded at once, after confirmation", async () => {
  await visit(system, async (ada) => {
    const { page } = ada;
    await ada.signUp();
    await new Parts(page.context(), system).holdAfter(0);
    await ada.choose(path.join(folder, "film.mov"));
    await ada.uploading("film.mov").getByText(/ of 106 MB/).waitFor();
    await leaveSmall(ada);
    await ada.unfinished("film.mov").waitFor();
    await ada.unfinished("notes.txt").waitFor();

    const all = page.getByRole("button", { name: "Discard all" });
    const dialog = page.getByRole("dialog", { name: "Discard all unfinished uploads?" });
    await all.click();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    assert.equal(await ada.unfinished("").count(), 2);
    await all.click();
    await dialog.getByRole("button", { name: "Discard all" }).click();
    await page.getByText("2 unfinished uploads were discarded.").waitFor();
    await ada.revisit();
    assert.equal(await ada.unfinished("").count(), 0);
  });
});

test("signing out during an upload asks first, and a large file can be resumed after the next sign-in", async () => {
  await visit(system, async (ada) => {
    const { page } = ada;
    await ada.signUp();
    const parts = new Parts(page.context(), system);
    await parts.holdAfter(2);
    await ada.choose(path.join(folder, "film.mov"));
    await ada.uploading("film.mov").getByText(/16\.8 MB of 106 MB/).waitFor();

    const signOut = page.getByRole("button", { name: "Sign out", exact: true });
    const dialog = page.getByRole("dialog", { name: "Sign out during an upload?" });
    await signOut.click();
    await dialog.waitFor();
    assert.match((await dialog.ariaSnapshot()) ?? "", /1 upload is not finished and stops/);
    assert.equal(await page.locator(":focus").innerText(), "Cancel", "the safe button has the focus");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    assert.equal(await page.locator(":focus").innerText(), "Sign out", "the focus returns");
    assert.equal(await ada.uploading("film.mov").count(), 1);

    await signOut.click();
    await dialog.getByRole("button", { name: "Sign out" }).click();
    await page.getByText("You are signed out.").waitFor();
    await parts.release();
    await ada.signIn();
    await ada.waitForHome();
    await chooseFor(ada, "film.mov", "film.mov");
    await ada.stored("film.mov").waitFor({ timeout: 60_000 });
    await ada.signOut();
  });
});
