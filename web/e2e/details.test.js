import assert from "node:assert/strict";
import { after, test } from "node:test";

import { gate } from "../test/gate.js";
import { Account } from "./support/account.js";
import { PASSWORD } from "./support/person.js";
import { startSystem } from "./support/system.js";
import { visit } from "./support/visit.js";

/** @import { Page } from "playwright-core" */

const system = await startSystem();
const locking = await startSystem(["MaxLockDays=10"]);
after(() => Promise.all([system.stop(), locking.stop()]));

/** @param {string} name */
const file = (name) => ({ name, mimeType: "text/plain", buffer: Buffer.from("shared") });

/** A time for a field in the browser's time zone. @param {Page} page @param {number} hours From now. */
const inHours = (page, hours) =>
  page.evaluate((ahead) => {
    const time = new Date(Date.now() + ahead * 3_600_000);
    return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  }, hours);

test("a file is shared with a user, who opens its link, until sharing stops", async () => {
  await visit(system, async (ada, profile) => {
    profile.expect(404);
    const { page } = ada;
    await ada.signUp();
    await ada.choose([file("plan.txt")]);
    await ada.stored("plan.txt").waitFor();
    const reader = await Account.open(system);
    const { user } = await reader.call("GET", "/users/me");
    const id = (await page.locator("#gallery > *").first().getAttribute("data-id")) ?? "";

    await page.getByRole("button", { name: "Details of plan.txt" }).click();
    const dialog = page.getByRole("dialog", { name: "plan.txt" });
    await dialog.getByText("Only you can read this file.").waitFor();
    await dialog.getByLabel("E-mail or user id").fill("00000000-0000-7000-8000-000000000000");
    await dialog.getByRole("button", { name: "Share", exact: true }).click();
    await dialog.getByRole("alert").getByText("There is no user with this id.").waitFor();
    await dialog.getByLabel("E-mail or user id").fill(user.id);
    await dialog.getByRole("button", { name: "Share", exact: true }).click();
    await dialog.getByRole("status").getByText("Shared with: Ada Lovelace.").waitFor();
    assert.equal((await reader.call("GET", `/uploads/${id}`)).upload.filename, "plan.txt");

    await dialog.getByRole("button", { name: "Stop sharing with Ada Lovelace" }).click();
    await dialog.getByText("Only you can read this file.").waitFor();
    await assert.rejects(reader.call("GET", `/uploads/${id}`), /404/);

    await dialog.getByRole("button", { name: "Share with everyone who is signed in" }).click();
    await dialog.getByText("Everyone who is signed in", { exact: true }).waitFor();
    await page.keyboard.press("Escape");
    assert.match(await page.locator(":focus").ariaSnapshot(), /Details of plan.txt/, "the focus returns to the button");
    await ada.signOut();

    // The link is kept until the other user has signed in.
    await page.goto(`${system.page}/#file=${id}`);
    const grace = ada.next("Grace Hopper");
    const answered = page.waitForResponse((response) => response.url().includes(`/uploads/${id}/grants`));
    await grace.signUp();
    await dialog.waitFor();
    assert.equal((await answered).status(), 404);
    const started = page.context().waitForEvent("download");
    await dialog.getByRole("link", { name: "Download plan.txt" }).click();
    assert.equal((await started).suggestedFilename(), "plan.txt");
    assert.equal(await dialog.getByRole("button", { name: "Share", exact: true }).isVisible(), false, "only the owner shares");
  });
});

test("a link to another file opens it in the dialog that is open", async () => {
  await visit(system, async (ada) => {
    const { page } = ada;
    await ada.signUp();
    await ada.choose([file("first.txt"), file("second.txt")]);
    await ada.stored("first.txt").waitFor();
    const id = await ada.stored("second.txt").getAttribute("data-id");
    await page.getByRole("button", { name: "Details of first.txt" }).click();
    await page.getByRole("dialog", { name: "first.txt" }).waitFor();
    await page.goto(`${system.page}/#file=${id}`);
    const dialog = page.getByRole("dialog", { name: "second.txt" });
    await dialog.getByRole("button", { name: "Share", exact: true }).waitFor();
    await dialog.getByRole("button", { name: "Close" }).click();
    await dialog.waitFor({ state: "hidden" });
  });
});

test("a user who is found late gets the file that was open before", async () => {
  await visit(system, async (ada) => {
    const { page } = ada;
    await ada.signUp();
    await ada.choose([file("first.txt"), file("second.txt")]);
    const [first, second] = [await ada.stored("first.txt").getAttribute("data-id"), await ada.stored("second.txt").getAttribute("data-id")];
    const reader = await Account.open(system);
    const { user } = await reader.call("GET", "/users/me");
    const { held, release } = gate();
    await page.route(`${system.api}/users/${user.id}`, async (route) => {
      await held;
      await route.continue();
    });

    await page.getByRole("button", { name: "Details of first.txt" }).click();
    const before = page.getByRole("dialog", { name: "first.txt" });
    await before.getByLabel("E-mail or user id").fill(user.id);
    const asked = page.waitForRequest(`${system.api}/users/${user.id}`);
    await before.getByRole("button", { name: "Share", exact: true }).click();
    await asked;
    await before.getByRole("button", { name: "Close" }).click();
    await page.getByRole("button", { name: "Details of second.txt" }).click();
    const dialog = page.getByRole("dialog", { name: "second.txt" });
    await dialog.getByText("Only you can read this file.").waitFor();
    const granted = page.waitForResponse((response) => response.url().includes("/grants") && !["GET", "OPTIONS"].includes(response.request().method()));
    release();
    assert.ok((await granted).ok());
    assert.equal((await reader.call("GET", `/uploads/${first}`)).upload.filename, "first.txt");
    await assert.rejects(reader.call("GET", `/uploads/${second}`), /404/);
    assert.equal(await dialog.getByText("Only you can read this file.").isVisible(), true);
  });
});

test("a file is locked after confirmation, and cannot be deleted then", async () => {
  await visit(locking, async (ada, profile) => {
    for (const status of [401, 409, 422]) profile.expect(status);
    const { page } = ada;
    await ada.signUp();
    await ada.choose([file("deed.txt")]);
    await page.getByRole("button", { name: "Details of deed.txt" }).click();
    const dialog = page.getByRole("dialog", { name: "deed.txt" });
    const confirm = async () => {
      await dialog.getByRole("button", { name: "Lock file…" }).click();
      await page.getByRole("dialog", { name: "Lock this file?" }).getByRole("button", { name: "Lock" }).click();
    };
    const until = dialog.getByLabel("Locked until");
    await until.fill(await inHours(page, 20 * 24));
    await confirm();
    await dialog.locator("#lock-until-error").waitFor();
    await until.fill(await inHours(page, 48));
    await confirm();
    await dialog.locator("#lock-password-error").getByText("A lock of more than a day needs").waitFor();
    await dialog.getByLabel(/^Password/).fill(PASSWORD);
    await confirm();
    await dialog.getByText(/^Locked until /).locator("visible=true").first().waitFor();
    await dialog.getByRole("status").getByText("The file is locked.").waitFor();
    await dialog.getByRole("button", { name: "Close" }).click();

    await page.getByRole("button", { name: "Delete deed.txt" }).click();
    await page.getByRole("dialog", { name: "Delete this file?" }).getByRole("button", { name: "Delete" }).click();
    await page.getByRole("alert").getByText(/locked/).waitFor();
    assert.equal(await ada.stored("deed.txt").count(), 1);
  });
});

test("a system without locks says so", async () => {
  await visit(system, async (ada, profile) => {
    profile.expect(409);
    const { page } = ada;
    await ada.signUp();
    await ada.choose([file("deed.txt")]);
    await page.getByRole("button", { name: "Details of deed.txt" }).click();
    await page.getByLabel("Locked until").fill(await inHours(page, 1));
    await page.getByRole("button", { name: "Lock file…" }).click();
    await page.getByRole("dialog", { name: "Lock this file?" }).getByRole("button", { name: "Lock" }).click();
    await page.getByRole("alert").getByText("Locks are turned off.").waitFor();
  });
});

test("a deleted file can be restored after a reload", async () => {
  await visit(system, async (ada) => {
    const { page } = ada;
    await ada.signUp();
    await ada.choose([file("back.txt")]);
    await page.getByRole("button", { name: "Delete back.txt" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText("No files yet.").waitFor();
    await ada.revisit();
    await page.getByText("Deleted files (1)").click();
    await page.getByRole("button", { name: "Restore back.txt" }).click();
    await ada.stored("back.txt").waitFor();
    await page.locator("#deleted").waitFor({ state: "hidden" });
    await ada.revisit();
    assert.equal(await ada.stored("back.txt").count(), 1);
    assert.equal(await page.locator("#deleted").isVisible(), false);
  });
});
