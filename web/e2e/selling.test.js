import assert from "node:assert/strict";
import { after, test } from "node:test";

import { Account, setRole } from "./support/account.js";
import { PASSWORD } from "./support/person.js";
import { Shopper } from "./support/shopper.js";
import { startSystem } from "./support/system.js";
import { visit } from "./support/visit.js";

/** @import { Person } from "./support/person.js" */
/** @import { Profile } from "./support/browser.js" */

const system = await startSystem();
after(() => system.stop());

/**
 * Signs up a seller with stored files and opens the seller's products.
 * @param {Person} ada
 * @param {Profile} profile
 * @param {string[]} files
 */
async function seller(ada, profile, files) {
  const shop = new Shopper(ada.page, system, profile);
  await ada.signUp();
  await ada.choose(files.map((name) => ({ name, mimeType: "text/plain", buffer: Buffer.from(name) })));
  for (const name of files) await ada.stored(name).waitFor();
  await setRole(system, ada.email, "seller");
  await ada.signOut();
  await ada.signIn();
  await ada.waitForHome();
  await shop.open("Sell");
  const products = ada.page.getByRole("list", { name: "Your products" }).getByRole("listitem");
  return { shop, products };
}

test("a draft whose file was deleted is not published until the file is taken out", async () => {
  await visit(system, async (ada, profile) => {
    profile.expect(409);
    const { page } = ada;
    const { shop, products } = await seller(ada, profile, ["first.txt", "second.txt"]);
    await page.getByRole("link", { name: "New product" }).click();
    await page.getByLabel("Title").fill("Two texts");
    await page.getByLabel("Price").fill("1");
    for (const name of ["first.txt", "second.txt"]) await page.getByRole("checkbox", { name }).check();
    await shop.press("Save draft");
    await products.getByText("Draft").waitFor();
    await shop.open("Files");
    await page.getByRole("button", { name: "Delete first.txt" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await ada.stored("first.txt").waitFor({ state: "detached" });

    await shop.open("Sell");
    await shop.press("Publish Two texts");
    await products.getByRole("alert").getByText("Edit the product to take them out.").waitFor();
    await page.getByRole("link", { name: "Edit Two texts" }).click();
    const missing = page.getByRole("checkbox", { name: "Deleted file" });
    await shop.press("Save and publish");
    await page.getByRole("alert").getByText("Take the deleted files out of the list.").waitFor();
    await missing.uncheck();
    await shop.press("Save and publish");
    await products.getByText("For sale").waitFor();

    await shop.open("Files");
    await page.getByRole("button", { name: "Delete second.txt" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByRole("alert").getByText(/sold|product/).waitFor();
  });
});

test("a published product can be changed and archived, and its files cannot be taken out", async () => {
  await visit(system, async (ada, profile) => {
    profile.expect(412); // the change in another window
    profile.expect(422);
    const { page } = ada;
    const { shop, products } = await seller(ada, profile, ["song.txt", "lyrics.txt"]);
    await page.getByText("You have no products yet.").waitFor();
    await page.getByRole("link", { name: "New product" }).click();
    await shop.press("Save and publish");
    await page.getByText("Please fill in this field.").first().waitFor();
    await page.getByLabel("Title").fill("Song");
    await page.getByLabel("Price").fill("4.999");
    await shop.press("Save and publish");
    await page.getByText("Write the price in EUR as a number, such as 4.99. 0 is free.").waitFor();
    await page.getByLabel("Price").fill("0.10");
    await shop.press("Save and publish");
    await page.getByText("The amount is less than a payment can be.").waitFor();
    await page.getByRole("checkbox", { name: "song.txt" }).check();
    await page.getByLabel("Price").fill("1.250");
    await page.getByLabel("Currency").fill("kwd");
    await shop.press("Save and publish");
    await products.getByText("KWD 1.250 · 1 file").waitFor();

    await page.getByRole("link", { name: "Edit Song" }).click();
    const song = page.getByRole("checkbox", { name: "song.txt" });
    await song.waitFor();
    assert.equal(await page.getByLabel("Price").inputValue(), "1.250");
    assert.ok((await song.isChecked()) && (await song.isDisabled()));
    await page.getByLabel("Title").fill("Song, with its lyrics");
    await page.getByRole("checkbox", { name: "lyrics.txt" }).check();
    await shop.press("Save");
    await products.getByText("KWD 1.250 · 2 files").waitFor();

    // Another window changes the product after this one has read it.
    await page.getByRole("link", { name: "Edit Song" }).click();
    await song.waitFor();
    const other = new Account(system, await accessToken(ada));
    const [{ id }] = (await other.call("GET", "/products?seller=me")).items;
    await other.call("PATCH", `/products/${id}`, { title: "Ballad" });
    await page.getByLabel("Price").fill("2");
    await shop.press("Save");
    await page.getByRole("alert").getByText("The product was changed in another window.").waitFor();
    assert.equal(await page.getByLabel("Title").inputValue(), "Ballad");
    await page.getByRole("link", { name: "Your products" }).click();

    await shop.press("Archive Ballad");
    await page.getByRole("dialog").getByRole("button", { name: "Archive" }).click();
    await products.getByText("Archived").waitFor();
    assert.equal(await products.getByRole("button").locator("visible=true").count(), 0);
  });
});

test("an account without the role is told what it needs", async () => {
  await visit(system, async (ada, profile) => {
    const shop = new Shopper(ada.page, system, profile);
    await ada.signUp();
    assert.equal(await ada.page.getByRole("link", { name: "Sell" }).count(), 0);
    for (const hash of ["sell", "new-product"]) {
      await ada.page.goto(`${system.page}#${hash}`);
      await ada.page.getByText("Ask the operator of this site for the role “seller”").waitFor();
    }
    await ada.page.goto(`${system.page}#product=00000000-0000-7000-8000-000000000000`);
    await shop.heading("This product is not for sale").waitFor();
  });
});

/** Signs in a second time. @param {Person} person */
async function accessToken(person) {
  return (await new Account(system, "").call("POST", "/signin", { email: person.email, password: PASSWORD })).accessToken;
}
