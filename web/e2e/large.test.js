import assert from "node:assert/strict";
import { copyFile, utimes } from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";

import { TWO_PARTS, largeFile, sha256 } from "./support/files.js";
import { Parts, sorted } from "./support/parts.js";
import { startSystem } from "./support/system.js";
import { visit } from "./support/visit.js";

const PARTS = Array.from({ length: 13 }, (_, index) => index + 1);
const NAME = "film.mov";

const system = await startSystem();
after(() => system.stop());
const { folder, file, remove } = await largeFile(NAME);
after(remove);

test("a large upload resumes in a new browser window after the first was closed", async () => {
  await visit(system, async (ada, profile) => {
    await ada.signUp();
    const first = new Parts(ada.page.context(), system);
    await first.holdAfter(2);
    await ada.choose(file);
    await ada.twoPartsStored(NAME);
    assert.deepEqual(sorted(first.stored), [1, 2]);
    await profile.close();

    ada.moveTo(await profile.open());
    const second = new Parts(ada.page.context(), system);
    await ada.revisit();
    await ada.unfinished(NAME).getByText(TWO_PARTS).waitFor();
    const asked = ada.page.waitForEvent("filechooser");
    await ada.page.getByRole("button", { name: `Choose the file ${NAME} again` }).click();
    await (await asked).setFiles(file);

    await ada.stored(NAME).waitFor({ timeout: 60_000 });
    assert.deepEqual(sorted(second.sent), PARTS.slice(2), "only the missing parts");
    assert.equal(await ada.unfinished(NAME).count(), 0);
    assert.equal(await sha256((await ada.download(NAME)).path), await sha256(file));
  });
});

test("a different file cannot resume an upload, and the original still can", async () => {
  const other = path.join(folder, "other.mov");
  await copyFile(file, other);
  await utimes(other, 1, 1);
  await visit(system, async (ada, profile) => {
    await ada.signUp();
    await new Parts(ada.page.context(), system).holdAfter(2);
    await ada.choose(file);
    await ada.twoPartsStored(NAME);
    await profile.close();

    ada.moveTo(await profile.open());
    await ada.revisit();
    const again = async (/** @type {string} */ chosen) => {
      const asked = ada.page.waitForEvent("filechooser");
      await ada.page.getByRole("button", { name: `Choose the file ${NAME} again` }).click();
      await (await asked).setFiles(chosen);
    };
    await again(other);
    await ada.unfinished(NAME).getByRole("alert").getByText("This is not the file").waitFor();
    await again(file);
    await ada.stored(NAME).waitFor({ timeout: 60_000 });
  });
});

test("a paused upload stops and can be resumed", async () => {
  await visit(system, async (ada) => {
    await ada.signUp();
    const parts = new Parts(ada.page.context(), system);
    await parts.holdAfter(2);
    await ada.choose(file);
    await ada.twoPartsStored(NAME);
    await ada.page.getByRole("button", { name: `Pause ${NAME}` }).click();
    await ada.uploading(NAME).getByText("Paused at 16.8 MB of 106 MB").waitFor();

    await parts.release();
    const before = parts.sent.length;
    await ada.page.getByRole("button", { name: `Resume ${NAME}` }).click();
    await ada.stored(NAME).waitFor({ timeout: 60_000 });
    assert.deepEqual(sorted(parts.sent.slice(before)), PARTS.slice(2), "only the missing parts");
    assert.equal(await sha256((await ada.download(NAME)).path), await sha256(file));
  });
});

test("a cancelled upload is removed from the page and the server", async () => {
  await visit(system, async (ada) => {
    await ada.signUp();
    await new Parts(ada.page.context(), system).holdAfter(2);
    await ada.choose(file);
    await ada.twoPartsStored(NAME);
    const deleted = ada.page.waitForResponse((response) => response.request().method() === "DELETE");
    await ada.page.getByRole("button", { name: `Cancel ${NAME}` }).click();
    assert.equal((await deleted).status(), 204);
    await ada.uploading(NAME).waitFor({ state: "detached" });

    await ada.revisit();
    await ada.page.getByText("No files yet.").waitFor();
    assert.equal(await ada.unfinished(NAME).count(), 0);
  });
});
