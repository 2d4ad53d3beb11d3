import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";

import { gate } from "../test/gate.js";
import { PNG, temporaryFolder } from "./support/files.js";
import { startSystem } from "./support/system.js";
import { visit } from "./support/visit.js";

const system = await startSystem();
after(() => system.stop());
const { folder, remove } = await temporaryFolder();
after(remove);

test("a file is uploaded, downloaded unchanged, deleted after confirmation, and restored", async () => {
  const bytes = Buffer.from("Ünïcode, and a \0 and \r\n in the middle");
  const name = "notes – 2026 (final) #1 & 50 %.txt";
  await writeFile(path.join(folder, name), bytes);
  await visit(system, async (ada) => {
    await ada.signUp();
    await ada.choose(path.join(folder, name));
    await ada.stored(name).waitFor();
    await ada.page.getByText(`“${name}” was stored.`).waitFor();
    assert.match(await ada.stored(name).innerText(), /39 B/);

    const download = await ada.download(name);
    assert.deepEqual(await readFile(download.path), bytes);
    assert.equal(download.filename, name);

    const remove = ada.stored(name).getByRole("button", { name: `Delete ${name}` });
    const dialog = ada.page.getByRole("dialog", { name: "Delete this file?" });
    await remove.click();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await dialog.waitFor({ state: "hidden" });
    assert.equal(await ada.stored(name).count(), 1);

    await remove.click();
    await dialog.waitFor();
    // The next question comes before the event of the answer.
    await ada.page.evaluate((name) => {
      /** @type {HTMLDialogElement} */ (document.querySelector("#confirm")).close();
      /** @type {HTMLElement} */ (document.querySelector(`[aria-label="Delete ${name}"]`)).click();
    }, name);
    await dialog.getByRole("button", { name: "Delete" }).click();
    await ada.page.getByText("No files yet.").waitFor();

    await ada.page.getByRole("button", { name: "Undo" }).click();
    await ada.stored(name).waitFor();
    assert.deepEqual(await readFile((await ada.download(name)).path), bytes);
  });
});

test("dropped files are uploaded and folders are refused", async () => {
  const names = ["one.txt", "two.txt", "three.txt", "empty.txt"];
  for (const name of names) await writeFile(path.join(folder, name), name === "empty.txt" ? "" : `this is ${name}`);
  await mkdir(path.join(folder, "a folder"));
  await visit(system, async (ada) => {
    await ada.signUp();
    // The message about a stored file would replace the one about the folder.
    const creations = gate();
    await ada.page.route("**/uploads", async (route) => {
      if (route.request().method() === "POST") await creations.held;
      await route.continue();
    });
    await ada.drop([...names, "a folder"].map((name) => path.join(folder, name)));
    await ada.page.getByText("Folders can’t be uploaded. Choose the files in them.").waitFor();
    creations.release();
    for (const name of names) {
      await ada.stored(name).waitFor();
      const { path: downloaded } = await ada.download(name);
      assert.deepEqual(await readFile(downloaded), await readFile(path.join(folder, name)), name);
    }
    await ada.revisit();
    assert.equal(await ada.stored(".txt").count(), names.length);
  });
});

test("a click is not lost when an upload finishes between press and release", async () => {
  for (const name of ["stored.txt", "later.txt"]) await writeFile(path.join(folder, name), name);
  await visit(system, async (ada) => {
    await ada.signUp();
    await ada.choose(path.join(folder, "stored.txt"));
    await ada.stored("stored.txt").waitFor();

    /** @type {(route: import("playwright-core").Route) => void} */
    let hold = () => {};
    const sent = new Promise((resolve) => (hold = resolve));
    await ada.page.route(`${system.s3}/**`, hold, { times: 1 });
    await ada.choose(path.join(folder, "later.txt"));
    const request = await sent;

    const started = ada.page.context().waitForEvent("download");
    await ada.page.getByRole("link", { name: "Download stored.txt" }).hover();
    await ada.page.mouse.down();
    const completed = ada.page.waitForResponse(/\/complete$/);
    await request.continue();
    await completed;
    // Two frames: what the response changes on the page is displayed.
    await ada.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    await ada.page.mouse.up();

    assert.equal((await started).suggestedFilename(), "stored.txt");
    await ada.stored("later.txt").waitFor();
  });
});

test("an image is displayed", async () => {
  await writeFile(path.join(folder, "green.png"), PNG);
  await visit(system, async (ada) => {
    await ada.signUp();
    await ada.choose(path.join(folder, "green.png"));
    const image = ada.stored("green.png").locator("img");
    await image.waitFor();
    await image.evaluate((/** @type {HTMLImageElement} */ shown) => shown.decode());
    assert.equal(await image.evaluate((/** @type {HTMLImageElement} */ shown) => shown.naturalWidth), 4);
  });
});

/** Creates an image of one colour. @param {number} width A multiple of 4. @param {number} height */
function bitmap(width, height) {
  const head = Buffer.alloc(54);
  const size = head.length + width * height * 3;
  head.write("BM");
  for (const [at, value] of [[2, size], [10, head.length], [14, 40], [18, width], [22, height], [34, size - head.length]]) head.writeUInt32LE(value, at);
  head.writeUInt16LE(1, 26);
  head.writeUInt16LE(24, 28);
  return Buffer.concat([head, Buffer.alloc(width * height * 3, 0x60)]);
}

test("the preview of a large image is a thumbnail, which the browser made", async () => {
  await visit(system, async (ada) => {
    await ada.signUp();
    await ada.choose([{ name: "wall.bmp", mimeType: "image/bmp", buffer: bitmap(1600, 800) }]);
    const image = ada.stored("wall.bmp").locator("img");
    /** The size and the key of the displayed image. */
    const displayed = async () => {
      await image.waitFor();
      return image.evaluate(async (/** @type {HTMLImageElement} */ shown) => {
        await shown.decode();
        return [shown.naturalWidth, shown.naturalHeight, /\/([0-9a-f])[0-9a-f-]{35}\?/.exec(shown.src)?.[1]];
      });
    };
    const [width, height, digit] = await displayed();
    assert.deepEqual([width, height], [320, 160]);
    assert.ok(parseInt(String(digit), 16) >= 8, "the key of a thumbnail");
    await ada.revisit();
    assert.deepEqual((await displayed()).slice(0, 2), [320, 160]);
    // The download is the file itself.
    const { path: saved } = await ada.download("wall.bmp");
    assert.deepEqual(await readFile(saved), bitmap(1600, 800));
  });
});

test("a user does not see another user's files", async () => {
  await writeFile(path.join(folder, "private.txt"), "mine");
  await visit(system, async (ada) => {
    await ada.signUp();
    await ada.choose(path.join(folder, "private.txt"));
    await ada.stored("private.txt").waitFor();
    await ada.signOut();

    const grace = ada.next("Grace Hopper");
    await grace.signUp();
    await grace.page.getByText("No files yet.").waitFor();
    assert.equal(await grace.stored("").count(), 0);
  });
});
