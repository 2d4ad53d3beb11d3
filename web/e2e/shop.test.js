import assert from "node:assert/strict";
import { after, test } from "node:test";

import { assertAccessible } from "./support/accessible.js";
import { Account, setRole } from "./support/account.js";
import { tabTo } from "./support/keyboard.js";
import { Shopper } from "./support/shopper.js";
import { startSystem } from "./support/system.js";
import { visit } from "./support/visit.js";

const system = await startSystem();
after(() => system.stop());

/** The screen of a phone. */
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true };

test("on a phone, a seller publishes a file, and a buyer pays for it and downloads it", async () => {
  await visit(system, async (ada, profile) => {
    const { page } = ada;
    const shop = new Shopper(page, system, profile);
    await ada.signUp();
    await ada.choose([{ name: "tea.txt", mimeType: "text/plain", buffer: Buffer.from("Warm the pot first.") }]);
    await ada.stored("tea.txt").waitFor();
    await setRole(system, ada.email, "seller");
    await ada.signOut();
    await ada.signIn();
    await ada.waitForHome();

    await shop.open("Shop");
    await page.getByText("Nothing is for sale yet.").waitFor();
    await shop.open("Sell");
    await page.getByRole("link", { name: "New product" }).click();
    await page.getByLabel("Title").fill("Tea for beginners");
    await page.getByLabel("Description").fill("All that\nyou need.");
    await page.getByLabel("Price").fill("4,99");
    await page.getByRole("checkbox", { name: "tea.txt" }).check();
    await page.getByText("1 file chosen.").waitFor();
    await shop.press("Save and publish");
    const row = page.getByRole("list", { name: "Your products" }).getByRole("listitem");
    await row.getByText("For sale").waitFor();
    await row.getByText("€4.99 · 1 file").waitFor();
    // The browser may use its answer of a moment ago, but not for a seller.
    await shop.openProduct("Tea for beginners");
    await page.getByText("This is your own product.").waitFor();
    await ada.signOut();

    const grace = ada.next("Grace Hopper");
    await grace.signUp();
    await shop.openProduct("Tea for beginners");
    await page.getByText("tea.txt · 19 B").waitFor();
    await shop.press("Buy for €4.99");
    await shop.pressAtCheckout("Pay");
    await shop.heading("Tea for beginners").waitFor();
    await shop.reads("Thank you. The order is paid. The product is in your library.");
    assert.equal(new URL(page.url()).search, "", "the address is the link of the order");
    await page.getByRole("link", { name: "Open in your library" }).click();
    await page.getByRole("heading", { level: 2, name: "Tea for beginners" }).waitFor();
    assert.equal(await shop.download("tea.txt"), "Warm the pot first.");

    await shop.openProduct("Tea for beginners");
    await page.getByRole("link", { name: "Open in your library" }).waitFor();
    assert.equal(await page.getByRole("button", { name: /^Buy/ }).count(), 0, "a product is not sold twice");
  }, PHONE);
});

test("a declined, closed, cancelled and failed payment ends as the page says", async () => {
  const seller = await Account.open(system, "seller");
  await seller.offer({ title: "Coffee", amount: 1200, currency: "JPY" });
  await visit(system, async (ada, profile) => {
    profile.expect(402); // the stand-in declines
    const { page } = ada;
    const shop = new Shopper(page, system, profile);
    await ada.signUp();
    await shop.openProduct("Coffee");
    await shop.press("Buy for ¥1,200");
    await shop.pressAtCheckout("Decline");
    await page.getByRole("alert").getByText("The card was declined.").waitFor();
    await assertAccessible(page, "a declined card at the checkout");
    await shop.pressAtCheckout("Close");
    await page.getByText("You left the checkout before the order was paid.").waitFor();
    await shop.reads("This order is not paid yet.");

    await page.getByRole("link", { name: "All orders" }).click();
    const rows = page.getByRole("list", { name: "Orders" }).getByRole("listitem");
    await rows.getByText("Not paid yet").waitFor();
    await shop.press("Pay now: Coffee");
    await shop.pressAtCheckout("Close");
    await shop.press("Cancel order…");
    await page.getByRole("dialog").getByRole("button", { name: "Cancel order" }).click();
    await shop.reads(/^The order was cancelled/);

    await page.getByRole("link", { name: "Open the product" }).click();
    await shop.press("Buy for ¥1,200");
    await shop.pressAtCheckout("Pay by bank");
    await shop.reads(/^Waiting for the payment provider/);
    const order = page.url();
    await page.goto(system.endpoints.payments);
    await assertAccessible(page, "a payment that is on its way");
    await shop.press("The payment fails");
    await page.getByText("requires_payment_method").waitFor();
    await page.goto(order);
    await shop.reads(/^The payment failed/);
    await shop.open("Orders");
    await rows.getByText("Payment failed").waitFor();
    assert.equal(await rows.count(), 2);
    await shop.open("Library");
    await page.getByText("What you buy appears here.").waitFor();
  });
});

test("with the keyboard, a visitor signs up for a free product and has it at once", async () => {
  const seller = await Account.open(system, "seller");
  await seller.offer({ title: "Samples", amount: 0, filename: "sample.txt", text: "free" });
  await visit(system, async (ada, profile) => {
    const { page } = ada;
    const shop = new Shopper(page, system, profile);
    await page.locator("#sign-in-page").waitFor();
    await tabTo(page, "Shop");
    await page.keyboard.press("Enter");
    await shop.heading("Shop").waitFor();
    await tabTo(page, "Samples");
    await page.keyboard.press("Enter");
    await shop.heading("Samples").waitFor();
    assert.equal(await page.title(), "Samples – Cloakroom");
    await tabTo(page, "Sign in to get it");
    await page.keyboard.press("Enter");
    await page.getByText("Sign in or create an account to buy.").waitFor();
    await page.getByRole("tab", { name: "Create account" }).click();
    await ada.signUpForm.getByLabel(/^Name/).fill("Ada");
    await ada.signUpForm.getByLabel(/^E-mail/).fill(ada.email);
    await ada.signUpForm.getByLabel(/^Password/).fill("analytical engine");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Get it for free" }).waitFor();
    await tabTo(page, "Get it for free");
    await page.keyboard.press("Enter");
    await shop.reads("The product is in your library.");
    await tabTo(page, "Open in your library");
    await page.keyboard.press("Enter");
    const product = page.getByRole("heading", { level: 2, name: "Samples" });
    await product.waitFor();
    await page.waitForFunction(() => document.activeElement?.tagName === "H2");
    assert.equal(await shop.download("sample.txt"), "free");

    await ada.signOut();
    assert.equal(new URL(page.url()).hash, "", "the next user starts at the beginning");
    await page.goBack();
    await page.getByText("Sign in to see your").or(page.getByText("You are signed out.")).first().waitFor();
  });
});

test("an order of another account is not shown, and a link of an order waits for the sign-in", async () => {
  const seller = await Account.open(system, "seller");
  const product = await seller.offer({ title: "Gift", amount: 0 });
  const buyer = await Account.open(system);
  /** @type {string} */
  let id = "";
  for (let tries = 0; !id && tries < 600; tries++) {
    id = await buyer.call("POST", "/orders", { productId: product }).then(({ order }) => order.id, () => "");
    if (!id) await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.ok(id, "the product can be ordered");
  await visit(system, async (ada, profile) => {
    const shop = new Shopper(ada.page, system, profile);
    await ada.page.goto(`${system.page}?order=${id}&checkout=paid`);
    await ada.page.getByText("Sign in to see your order.").waitFor();
    await ada.page.getByRole("tab", { name: "Create account" }).click();
    await ada.signUpForm.getByLabel(/^Name/).fill("Ada");
    await ada.signUpForm.getByLabel(/^E-mail/).fill(ada.email);
    await ada.signUpForm.getByLabel(/^Password/).fill("analytical engine");
    await ada.page.keyboard.press("Enter");
    await shop.heading("There is no such order").waitFor();
    assert.equal(await ada.page.getByText("Gift").count(), 0);
  });
});
