import assert from "node:assert/strict";
import { after, test } from "node:test";

import { assertAccessible } from "./support/accessible.js";
import { mailTo } from "./support/mail.js";
import { startSystem } from "./support/system.js";
import { visit } from "./support/visit.js";

const system = await startSystem();
after(() => system.stop());

/** Confirms an address with the link in its mail. @param {string} email */
async function confirm(email) {
  const token = /#verify-email=(\S+)/.exec((await mailTo(system, email)).text)?.[1];
  const body = JSON.stringify({ token });
  const answer = await fetch(`${system.api}/verify-email`, { method: "POST", headers: { "content-type": "application/json" }, body });
  assert.equal(answer.status, 204);
}

test("a file that is shared with an address appears to the user who has confirmed it", async () => {
  await visit(system, async (ada, profile) => {
    profile.expect(404); // the list of grants, for the reader
    profile.expect(422); // the invalid address
    const { page } = ada;
    const grace = ada.next("Grace Hopper");
    await ada.signUp();
    await ada.choose([{ name: "plan.txt", mimeType: "text/plain", buffer: Buffer.from("engine") }]);
    await page.getByRole("button", { name: "Details of plan.txt" }).click();
    const dialog = page.getByRole("dialog", { name: "plan.txt" });
    const field = dialog.getByLabel("E-mail or user id");
    const share = dialog.getByRole("button", { name: "Share", exact: true });
    await field.waitFor();
    // The field has the width of the dialog, but for the button beside it.
    assert.ok((await field.evaluate((input) => input.clientWidth)) > 250);
    await assertAccessible(page, "the dialog of a file");
    await field.fill("grace@");
    await share.click();
    await dialog.locator("#share-email-error").getByText("The e-mail address is not valid.").waitFor();
    await field.fill(grace.email);
    await share.click();
    await dialog.getByRole("status").getByText(`Shared with: ${grace.email}.`).waitFor();
    assert.equal(await field.inputValue(), "");
    await dialog.getByRole("list").getByText(grace.email).waitFor();
    await page.keyboard.press("Escape");
    await ada.signOut();

    await grace.signUp();
    const shared = page.getByRole("region", { name: "Shared with you" });
    assert.equal(await shared.isVisible(), false, "the address is not confirmed");
    await confirm(grace.email);
    await grace.revisit();
    const row = shared.getByRole("listitem").filter({ hasText: "plan.txt" });
    await row.getByText("by Ada Lovelace").waitFor();
    const answered = page.waitForResponse((response) => response.url().includes("/grants"));
    await row.getByRole("button", { name: "Details of plan.txt" }).click();
    await (await answered).finished();
    const started = page.context().waitForEvent("download");
    await dialog.getByRole("link", { name: "Download plan.txt" }).click();
    assert.equal((await started).suggestedFilename(), "plan.txt");
    assert.equal(await share.isVisible(), false, "only the owner shares");
    await page.keyboard.press("Escape");
    assert.equal((await grace.download("plan.txt")).filename, "plan.txt");
    await grace.signOut();

    await ada.signIn();
    await page.getByRole("button", { name: "Details of plan.txt" }).click();
    await dialog.getByRole("button", { name: `Stop sharing with ${grace.email}` }).click();
    await dialog.getByText("Only you can read this file.").waitFor();
    await page.keyboard.press("Escape");
    await ada.signOut();
    await grace.signIn();
    await grace.waitForHome();
    assert.equal(await shared.isVisible(), false);
  });
});
