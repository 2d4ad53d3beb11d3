import { after, test } from "node:test";

import { startSystem } from "./support/system.js";
import { visit } from "./support/visit.js";

/** @import { Person } from "./support/person.js" */

const NEW_PASSWORD = "difference engine";

const system = await startSystem();
const verified = await startSystem(["SignupMode=verified"]);
after(() => Promise.all([system.stop(), verified.stop()]));

/**
 * Reloads the outbox until the e-mail arrives, then follows its link.
 * @param {Person} person
 * @param {string} subject
 */
async function follow({ page, email, system }, subject) {
  const mail = page.getByRole("article", { name: subject }).filter({ hasText: email });
  await page.goto(system.outbox);
  while (!(await mail.count())) await page.getByRole("link", { name: "Refresh" }).click();
  await mail.getByRole("link").click();
}

test("a forgotten password is reset by e-mail", async () => {
  await visit(system, async (ada) => {
    await ada.signUp();
    await ada.signOut();
    await ada.page.getByRole("tab", { name: "Sign in" }).click();
    await ada.signInForm.getByRole("button", { name: "Forgot your password?" }).click();
    const { page } = ada;
    await page.getByLabel("E-mail").locator("visible=true").fill(ada.email);
    await page.getByRole("button", { name: "Send a link" }).click();
    await page.getByRole("heading", { name: "Check your e-mail" }).waitFor();

    await follow(ada, "Choose a new password");
    await page.getByLabel("New password", { exact: true }).locator("visible=true").fill(NEW_PASSWORD);
    await page.getByRole("button", { name: "Set password" }).click();
    await page.getByText("Your password was changed. Please sign in.").waitFor();
    if (new URL(page.url()).hash) throw new Error("the token is still in the address bar");
    await ada.signIn(NEW_PASSWORD);
    await ada.waitForHome();
  });
});

test("an address is confirmed by an e-mailed link", async () => {
  await visit(system, async (ada) => {
    await ada.signUp();
    await follow(ada, "Confirm your address");
    await ada.page.getByRole("button", { name: "Confirm address" }).click();
    await ada.page.locator("#mail-page").waitFor({ state: "hidden" });
  });
});

test("a verified sign-up is finished by an e-mailed link", async () => {
  await visit(verified, async (ada) => {
    const { page, signUpForm } = ada;
    await page.getByRole("tab", { name: "Create account" }).click();
    await signUpForm.getByLabel(/^Name/).fill(ada.name);
    await signUpForm.getByLabel(/^E-mail/).fill(ada.email);
    await signUpForm.getByLabel(/^Password/).fill(NEW_PASSWORD);
    await signUpForm.getByRole("button", { name: "Create account" }).click();
    await page.getByRole("heading", { name: "Check your e-mail" }).waitFor();

    await follow(ada, "Finish signing up");
    await page.getByLabel("Password").locator("visible=true").fill(NEW_PASSWORD);
    await page.getByRole("button", { name: "Finish signing up" }).click();
    await page.getByText("Your account is ready. Please sign in.").waitFor();
    await ada.signIn(NEW_PASSWORD);
    await ada.waitForHome();
  });
});
