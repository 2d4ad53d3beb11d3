import { after, test } from "node:test";

import { assertAccessible } from "./support/accessible.js";
import { Account, setRole } from "./support/account.js";
import { SCREENS, Shopper } from "./support/shopper.js";
import { startSystem } from "./support/system.js";
import { visit } from "./support/visit.js";

const system = await startSystem();
after(() => system.stop());

/** Long names without spaces, which can break layouts. */
const LONG = "Llanfairpwllgwyngyll".repeat(4);
const TITLE = "A course in tea";
const FOLDER = process.env.CLOAKROOM_SCREENSHOTS;

for (const { name, ...screen } of SCREENS) {
  test(`axe finds nothing in the views of the shop and of the payment stand-in: ${name}`, async () => {
    const seller = await Account.open(system, "seller");
    await seller.offer({ title: `${TITLE}, ${name}`, amount: 1950, description: "In twelve lessons.\nWith notes.", filename: `${LONG}.txt` });
    await seller.offer({ title: `${LONG} ${name}`, amount: 99_999_999, currency: "KRW" });
    await visit(system, (ada, profile) => walk(ada, profile, name), screen);
  });
}

/**
 * Goes through all views and inspects each.
 * @param {import("./support/person.js").Person} ada
 * @param {import("./support/browser.js").Profile} profile
 * @param {string} name
 */
async function walk(ada, profile, name) {
  const { page } = ada;
  const shop = new Shopper(page, system, profile);
  profile.expect(422);
  const title = `${TITLE}, ${name}`;
  /** @param {string} view */
  async function check(view) {
    await assertAccessible(page, view);
    // For the eyes of a person who changes the page.
    if (FOLDER) await page.screenshot({ path: `${FOLDER}/${name} ${view}.png`, fullPage: true });
  }

  await shop.openProduct(title);
  await page.getByRole("link", { name: "Sign in to buy" }).waitFor();
  await check("a product, signed out");
  await page.getByRole("link", { name: "Back to the shop" }).click();
  await page.getByRole("link", { name: title }).waitFor();
  await check("the shop, signed out");
  await page.goto(`${system.page}#product=unknown`);
  await shop.heading("This product is not for sale").waitFor();
  await check("an unknown product");

  await page.goto(system.page);
  await ada.signUp();
  await setRole(system, ada.email, "seller");
  await ada.signOut();
  await ada.signIn();
  await ada.waitForHome();
  for (const [link, text] of [["Library", "What you buy appears here."], ["Orders", "You have not ordered anything yet."], ["Sell", "You have no products yet."]]) {
    await shop.open(link);
    await page.getByText(text).waitFor();
    await check(`${link}, empty`);
  }

  await shop.openProduct(title);
  await page.getByRole("button", { name: /^Buy/ }).waitFor();
  await check("a product");
  await shop.press("Buy for €19.50");
  await shop.heading("Checkout").waitFor();
  await check("the checkout");
  await shop.press("Pay by bank");
  await shop.reads(/^Waiting for the payment provider/);
  await check("a pending order");
  await shop.openProduct(`${LONG} ${name}`);
  await shop.press("Buy for ₩99,999,999");
  await shop.pressAtCheckout("Pay");
  await shop.reads(/in your library/);
  await check("a paid order");
  await page.getByRole("link", { name: "Open in your library" }).click();
  await page.getByRole("button", { name: "Download notes.txt" }).waitFor();
  await check("the library");
  await shop.open("Orders");
  await page.getByRole("button", { name: /^Pay now/ }).waitFor();
  await check("the orders");
  await page.getByRole("button", { name: /^Cancel/ }).click();
  await page.getByRole("dialog").waitFor();
  await check("the question before a cancellation");
  await page.keyboard.press("Escape");

  await shop.open("Files");
  await ada.choose([{ name: `${LONG}.txt`, mimeType: "text/plain", buffer: Buffer.from("long") }]);
  await ada.stored(LONG).waitFor();
  await shop.open("Sell");
  await page.getByRole("link", { name: "New product" }).click();
  await page.getByRole("checkbox", { name: LONG }).waitFor();
  await shop.press("Save and publish");
  await page.getByText("Please fill in this field.").first().waitFor();
  await page.getByLabel("Title").fill(LONG);
  await page.getByLabel("Price").fill("1,000.00");
  await shop.press("Save and publish");
  await page.getByText(/^Write the price in EUR/).waitFor();
  await check("the form of a product with errors");
  await page.getByLabel("Price").fill("1000.00");
  await page.getByRole("checkbox", { name: LONG }).check();
  await shop.press("Save draft");
  await page.getByText("Draft", { exact: true }).waitFor();
  await check("the products of a seller");
  await page.getByRole("link", { name: `Edit ${LONG}` }).click();
  await page.getByRole("checkbox", { name: LONG }).waitFor();
  await check("the form of a draft");

  await page.goto(system.endpoints.payments);
  await check("the payments");
  await page.getByRole("button", { name: "The money arrives" }).first().click();
  await page.getByRole("button", { name: "Dispute" }).first().click();
  await page.getByRole("button", { name: "Win" }).first().waitFor();
  await check("a disputed payment");
  await page.goto(`${system.endpoints.payments}/pay/unknown`);
  await check("an unknown checkout");
}
