import assert from "node:assert/strict";
import path from "node:path";
import { after, test } from "node:test";

import { startSystem } from "./support/system.js";
import { visit } from "./support/visit.js";

/** @import { Person } from "./support/person.js" */

const system = await startSystem();
const small = await startSystem(["UploadQuotaBytes=1000"]);
after(() => Promise.all([system.stop(), small.stop()]));

/** A file with this many bytes. @param {string} name @param {number} bytes */
const file = (name, bytes) => ({ name, mimeType: "text/plain", buffer: Buffer.alloc(bytes, name) });

/** The names of the visible files, in order. @param {Person} person @returns {Promise<string[]>} */
const names = ({ page }) => page.locator("#gallery > :not([hidden]) .tile-name").allInnerTexts();

test("the quota is shown, and an upload above it names the limit and the use", async () => {
  await visit(small, async (ada, profile) => {
    profile.expect(409, `${small.api}/uploads`);
    const { page } = ada;
    await ada.signUp();
    const meter = page.getByRole("meter");
    await page.getByText("0 B of 1 kB used.").waitFor();
    await ada.choose([file("first.txt", 600)]);
    await page.getByText("600 B of 1 kB used.").waitFor();
    assert.equal(await meter.evaluate((/** @type {HTMLMeterElement} */ { value, max }) => value / max), 0.6);

    await ada.choose([file("second.txt", 500)]);
    const alert = ada.uploading("second.txt").getByRole("alert");
    await alert.getByText("no room for this file of 500 B: 600 B of 1 kB are in use, 400 B are free.").waitFor();
    await ada.choose([file("huge.txt", 1001)]);
    await ada.uploading("huge.txt").getByRole("alert").getByText("the limit for all your files is 1 kB").waitFor();

    await page.getByRole("button", { name: "Delete first.txt" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText("0 B of 1 kB used. 600 B of deleted files are kept in addition.").waitFor();
    await page.getByRole("button", { name: "Try again: second.txt" }).click();
    await ada.stored("second.txt").waitFor();
  });
});

test("the loaded files are searched and sorted, and the page says when others are not loaded", async () => {
  await visit(system, async (ada) => {
    const { page } = ada;
    await ada.signUp();
    assert.equal(await page.locator("#sift").isVisible(), false, "nothing to search");
    const more = Array.from({ length: 24 }, (_, index) => file(`page ${index + 1}.txt`, 100 + index));
    await ada.choose([file("Ägypten.txt", 5000)]);
    await ada.stored("Ägypten.txt").waitFor();
    await ada.choose(more);
    await page.waitForFunction(() => document.querySelectorAll("#gallery > *").length === 25);
    const search = page.getByRole("searchbox", { name: "Search" });
    const sort = page.getByLabel("Sort");
    const note = page.locator("#sift-note");

    await search.fill("AGYP");
    assert.deepEqual(await names(ada), ["Ägypten.txt"]);
    assert.equal(await note.innerText(), "1 file matches.");
    await search.fill("nothing");
    assert.equal(await note.innerText(), "No file matches.");
    await search.fill("");
    assert.equal(await note.textContent(), "");
    await sort.selectOption("Largest first");
    assert.equal((await names(ada))[0], "Ägypten.txt");
    await sort.selectOption("Name");
    assert.deepEqual((await names(ada)).slice(1, 4), ["page 1.txt", "page 2.txt", "page 3.txt"], "numbers by value");
    await sort.selectOption("Oldest first");
    assert.equal((await names(ada))[0], "Ägypten.txt");

    // After a reload, only the first page is loaded, which does not have the oldest file.
    await ada.revisit();
    assert.equal((await names(ada)).length, 24);
    await search.fill("agyp");
    assert.match(await note.innerText(), /^No file matches\. Only the 24 newest files are loaded\./);
    await page.getByRole("button", { name: "Show more files" }).click();
    await page.getByText("1 file matches.").waitFor();
    assert.deepEqual(await names(ada), ["Ägypten.txt"]);
  });
});

test("a download link has a target before its URL is known, and downloads then too", async () => {
  await visit(system, async (ada) => {
    const { page } = ada;
    await ada.signUp();
    // The page gets no response, so it does not know the URL.
    await page.route(/\/uploads\/[\w-]{36}$/, () => {});
    await ada.choose([file("early.txt", 10)]);
    await ada.stored("early.txt").waitFor();
    const link = page.getByRole("link", { name: "Download early.txt" });
    assert.match((await link.getAttribute("href")) ?? "", /^#file=[\w-]+$/);
    await page.unrouteAll();
    assert.equal((await ada.download("early.txt")).filename, "early.txt");
    assert.match((await link.getAttribute("href")) ?? "", /^http/);
  });
});

test("the page has an icon", async () => {
  await visit(system, async ({ page }) => {
    const icon = await page.locator("link[rel=icon]").getAttribute("href");
    const response = await fetch(new URL(icon ?? "", system.page));
    assert.equal(response.headers.get("content-type"), "image/svg+xml");
    assert.equal(path.extname(icon ?? ""), ".svg");
    // An image that the browser cannot decode rejects.
    await page.evaluate((src) => Object.assign(new Image(), { src }).decode(), icon ?? "");
  });
});
