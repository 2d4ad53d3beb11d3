import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, test } from "node:test";

import { PASSWORD } from "./support/person.js";
import { startSystem } from "./support/system.js";
import { visit } from "./support/visit.js";

const system = await startSystem();
after(() => system.stop());

test("a user signs up, sees other users, changes their profile, signs out and signs in again", async () => {
  await visit(system, async (grace) => {
    await grace.signUp();
    await grace.page.getByText("There are no other users yet.").waitFor();

    await visit(system, async (ada) => {
      await ada.signUp();
      const people = ada.page.getByRole("region", { name: "People" }).getByRole("listitem");
      await people.filter({ hasText: "Grace Hopper" }).waitFor();
      assert.equal(await people.count(), 1, "all users except the signed-in one");

      const profile = ada.page.getByRole("region", { name: "Your profile" });
      await profile.getByLabel("Display name").fill("Ada King");
      await profile.getByLabel("City").fill("London");
      await profile.getByRole("button", { name: "Save" }).click();
      await ada.page.getByText("Your profile was saved.").waitFor();
      await ada.page.getByRole("banner").getByText("Ada King").waitFor();

      await ada.signOut();
      await ada.signIn();
      await ada.waitForHome();
      assert.equal(await profile.getByLabel("Display name").inputValue(), "Ada King");
      assert.equal(await profile.getByLabel("City").inputValue(), "London");
    });

    await grace.revisit();
    await grace.page.getByRole("region", { name: "People" }).getByText("Ada King").waitFor();
  }, { name: "Grace Hopper" });
});

test("a wrong password is shown at the form, which keeps the e-mail", async () => {
  await visit(system, async (ada, profile) => {
    profile.expect(401);
    await ada.signUp();
    await ada.signOut();
    await ada.signIn("difference engine");
    const alert = ada.signInForm.getByRole("alert");
    await alert.waitFor();
    assert.match(await alert.innerText(), /password/i);
    assert.equal(await ada.signInForm.getByLabel(/^E-mail/).inputValue(), ada.email);

    await ada.signIn(PASSWORD);
    await ada.waitForHome();
  });
});

test("a password is shown on request and hidden again when the form is sent", async () => {
  await visit(system, async (ada, profile) => {
    profile.expect(401);
    const { page, signInForm } = ada;
    await ada.signUp();
    await ada.signOut();
    await page.getByRole("tab", { name: "Sign in" }).click();
    const password = signInForm.getByLabel(/^Password/);
    const show = signInForm.getByRole("button", { name: "Show password" });
    await password.fill("typed blindly");
    assert.equal(await show.getAttribute("aria-pressed"), "false");
    await show.click();
    assert.equal(await show.getAttribute("aria-pressed"), "true");
    assert.equal(await password.getAttribute("type"), "text");
    await signInForm.getByLabel(/^E-mail/).fill(ada.email);
    await signInForm.getByRole("button", { name: "Sign in" }).click();
    await signInForm.getByRole("alert").waitFor();
    assert.equal(await show.getAttribute("aria-pressed"), "false");
    assert.equal(await password.getAttribute("type"), "password");
    // Every field for a new password says how long it must be.
    for (const field of await page.locator("input[autocomplete=new-password]").all()) {
      const hint = await field.getAttribute("aria-describedby");
      assert.match((await page.locator(`#${hint}`).textContent()) ?? "", /^At least 8 characters\./);
    }
  });
});

test("field errors from the server are shown at their fields", async () => {
  await visit(system, async (ada, profile) => {
    profile.expect(422);
    await ada.page.getByRole("tab", { name: "Create account" }).click();
    const { signUpForm } = ada;
    await signUpForm.getByLabel(/^Name/).fill("Ada");
    await signUpForm.getByLabel(/^E-mail/).fill("no address");
    await signUpForm.getByLabel(/^Password/).fill("password");
    await signUpForm.getByRole("button", { name: "Create account" }).click();

    await signUpForm.locator("input:focus").waitFor();
    for (const label of ["E-mail", "Password"]) {
      const field = signUpForm.getByLabel(new RegExp(`^${label}`));
      assert.equal(await field.getAttribute("aria-invalid"), "true", label);
      const notes = (await field.getAttribute("aria-describedby"))?.split(" ") ?? [];
      assert.notEqual(await ada.page.locator(`#${notes.at(-1)}`).innerText(), "", label);
    }
    assert.equal(await signUpForm.getByLabel(/^Name/).getAttribute("aria-invalid"), null);
  });
});

test("a session survives reloads and restarts, and ends in all tabs", async () => {
  await visit(system, async (ada, profile) => {
    await ada.signUp();
    for (let reloads = 0; reloads < 3; reloads++) await ada.revisit();
    await profile.close();
    ada.moveTo(await profile.open());
    await ada.revisit();

    const other = await ada.page.context().newPage();
    await other.goto(system.api);
    await other.getByRole("heading", { name: "Your files" }).waitFor();
    await ada.signOut();
    await other.getByRole("heading", { name: "Upload and keep your files" }).waitFor();
    // The page stays signed out after a reload.
    await ada.visit();
    await ada.page.locator("#sign-in-page").waitFor();
  });
});

test("a user downloads all that is kept about them", async () => {
  await visit(system, async (ada) => {
    const { page } = ada;
    await ada.signUp();
    await page.locator("#account > summary").click();
    const button = page.getByRole("button", { name: "Download my data" });
    const download = page.waitForEvent("download");
    // With the keyboard, as every control.
    await button.focus();
    await page.keyboard.press("Enter");
    const file = await download;
    assert.equal(file.suggestedFilename(), "my-data.json");
    const data = JSON.parse(await readFile(/** @type {string} */ (await file.path()), "utf8"));
    assert.equal(data.user.email, ada.email);
    assert.equal(data.sessions.length, 1);
    await page.getByText("Your data was downloaded.").waitFor();
    assert.ok(await button.isEnabled());
  });
});
