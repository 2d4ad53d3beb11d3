import assert from "node:assert/strict";
import { after, test } from "node:test";

import { Person } from "./support/person.js";
import { startSystem } from "./support/system.js";
import { visit } from "./support/visit.js";

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

/**
 * Starts a sign-up that a mailed link finishes.
 * @param {Person} person
 */
async function startSignUp({ page, signUpForm, name, email }) {
  await page.getByRole("tab", { name: "Create account" }).click();
  await signUpForm.getByLabel(/^Name/).fill(name);
  await signUpForm.getByLabel(/^E-mail/).fill(email);
  await signUpForm.getByLabel(/^Password/).fill(NEW_PASSWORD);
  await signUpForm.getByRole("button", { name: "Create account" }).click();
  await page.getByRole("heading", { name: "Check your e-mail" }).waitFor();
}

test("a verified sign-up asks for the password once after the link, and signs in", async () => {
  await visit(verified, async (ada, profile) => {
    profile.expect(422, `${verified.api}/verify-email`); // the check of the link
    const { page } = ada;
    await startSignUp(ada);
    await follow(ada, "Finish signing up");
    const form = page.locator("#finish");
    await form.waitFor();
    assert.equal(await form.getByLabel(/^E-mail/).inputValue(), ada.email, "this browser knows the address");
    await form.getByLabel(/^Password/).fill(NEW_PASSWORD);
    await form.getByRole("button", { name: "Finish signing up" }).click();
    await page.getByText("Your account is ready.").waitFor();
    await ada.waitForHome();
    await ada.signOut();

    // The used link says so before a password is typed.
    await follow(ada, "Finish signing up");
    await page.getByRole("heading", { name: "This link no longer works" }).waitFor();
    assert.equal(await page.locator("input:visible").count(), 0);
    await page.getByRole("button", { name: "Sign up again" }).click();
    await page.locator("#sign-up input[name=name]:focus").waitFor();
  });
});

test("a verified sign-up is finished in another browser, which asks for the address", async () => {
  await visit(verified, async (ada) => {
    await startSignUp(ada);
    await visit(verified, async ({ page }, profile) => {
      profile.expect(422, `${verified.api}/verify-email`);
      profile.expect(401, `${verified.api}/signin`);
      const other = new Person(page, verified);
      other.email = ada.email;
      await follow(other, "Finish signing up");
      const form = page.locator("#finish");
      await form.waitFor();
      assert.equal(await form.getByLabel(/^E-mail/).inputValue(), "");
      await form.getByLabel(/^E-mail/).fill("another@example.com");
      await form.getByLabel(/^Password/).fill(NEW_PASSWORD);
      await form.getByRole("button", { name: "Finish signing up" }).click();
      // The account has the address of the link, and that one signs in.
      await page.getByText("Your account is ready. Please sign in.").waitFor();
      await other.signIn(NEW_PASSWORD);
      await other.waitForHome();
    });
  });
});

test("a used link for a new password offers a new link", async () => {
  await visit(system, async (ada, profile) => {
    profile.expect(422, `${system.api}/password/reset`);
    const { page } = ada;
    await ada.signUp();
    await ada.signOut();
    await page.getByRole("tab", { name: "Sign in" }).click();
    await ada.signInForm.getByRole("button", { name: "Forgot your password?" }).click();
    await page.getByLabel("E-mail").locator("visible=true").fill(ada.email);
    await page.getByRole("button", { name: "Send a link" }).click();
    await page.getByRole("heading", { name: "Check your e-mail" }).waitFor();
    for (const next of ["Your password was changed. Please sign in.", "This link no longer works"]) {
      await follow(ada, "Choose a new password");
      await page.getByLabel("New password", { exact: true }).locator("visible=true").fill(NEW_PASSWORD);
      await page.getByRole("button", { name: "Set password" }).click();
      await page.getByText(next).waitFor();
    }
    await page.getByLabel("E-mail").locator("visible=true").fill(ada.email);
    await page.getByRole("button", { name: "Send a link" }).click();
    await page.getByRole("heading", { name: "Check your e-mail" }).waitFor();
  });
});
