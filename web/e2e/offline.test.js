import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";

import { gate } from "../test/gate.js";
import { largeFile, sha256 } from "./support/files.js";
import { Parts } from "./support/parts.js";
import { startSystem } from "./support/system.js";
import { visit } from "./support/visit.js";

const NAME = "film.mov";

const system = await startSystem();
after(() => system.stop());
const { folder, file, remove } = await largeFile(NAME);
after(remove);

test("a running upload says at once that the browser is offline, and continues by itself", async () => {
  await visit(system, async (ada, profile) => {
    const { page } = ada;
    profile.allowErrorsAbout("net::ERR_INTERNET_DISCONNECTED");
    await ada.signUp();
    const parts = new Parts(page.context(), system);
    await parts.holdAfter(2);
    await ada.choose(file);
    const row = ada.uploading(NAME);
    await ada.twoPartsStored(NAME);

    await page.context().setOffline(true);
    await page.getByRole("status").filter({ hasText: "You are offline." }).waitFor();
    await row.getByText(/^Offline, continues by itself/).waitFor();
    assert.doesNotMatch(await row.innerText(), /\/s|left|%/, "no speed");
    await writeFile(path.join(folder, "later.txt"), "later");
    await ada.choose(path.join(folder, "later.txt"));
    await ada.uploading("later.txt").getByText("waiting for the network").waitFor();

    await parts.release();
    await page.context().setOffline(false);
    await ada.stored("later.txt").waitFor();
    await ada.stored(NAME).waitFor({ timeout: 60_000 });
    assert.equal(await page.getByText("You are offline.").count(), 0);
    assert.equal(await sha256((await ada.download(NAME)).path), await sha256(file));
  });
});

test("an upload that is resumed while the browser is offline waits for the network", async () => {
  await visit(system, async (ada) => {
    const { page } = ada;
    await ada.signUp();
    const parts = new Parts(page.context(), system);
    await parts.holdAfter(2);
    await ada.choose(file);
    await ada.twoPartsStored(NAME);
    await page.getByRole("button", { name: `Pause ${NAME}` }).click();
    await page.context().setOffline(true);
    await page.getByRole("button", { name: `Resume ${NAME}` }).click();
    await ada.uploading(NAME).getByText(/^Offline, continues by itself/).waitFor();
    await parts.release();
    await page.context().setOffline(false);
    await ada.stored(NAME).waitFor({ timeout: 60_000 });
  });
});

test("parts whose connections did not survive an interruption are sent again soon", async () => {
  await visit(system, async (ada) => {
    const { page } = ada;
    await ada.signUp();
    /** The parts that never get a response to their first request. @type {Set<string | null>} */
    const silent = new Set(["3", "4", "5", "6"]);
    const { held: untilSilent, release: areSilent } = gate();
    await page.route(
      (url) => url.origin === system.s3 && url.searchParams.has("partNumber"),
      (route) => {
        if (!silent.delete(new URL(route.request().url()).searchParams.get("partNumber"))) return route.continue();
        if (silent.size === 0) areSilent();
      },
    );
    await ada.choose(file);
    await ada.twoPartsStored(NAME);
    await untilSilent;
    // Requests fail while Chromium emulates an interruption, but a lost connection reports nothing.
    await page.evaluate(() => dispatchEvent(new Event("online")));
    // Without the event, the page waits for a minute.
    await ada.stored(NAME).waitFor({ timeout: 45_000 });
  });
});
