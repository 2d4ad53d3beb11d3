import { randomUUID } from "node:crypto";

/** @import { Page } from "playwright-core" */
/** @import { System } from "./system.js" */

export const PASSWORD = "analytical engine";

/** Somebody in front of the page: does what people do, and finds things by what they are called. */
export class Person {
  email = `${randomUUID()}@example.com`;

  /**
   * @param {Page} page
   * @param {System} system
   * @param {string} [name]
   */
  constructor(page, system, name = "Ada Lovelace") {
    this.page = page;
    this.system = system;
    this.name = name;
  }

  /** Somebody else sits down at the same page. @param {string} name */
  next(name) {
    return new Person(this.page, this.system, name);
  }

  /** Goes on at another page. @param {Page} page */
  moveTo(page) {
    this.page = page;
  }

  async visit() {
    await this.page.goto(this.system.page);
  }

  get signInForm() {
    return this.page.getByRole("tabpanel", { name: "Sign in" });
  }

  get signUpForm() {
    return this.page.getByRole("tabpanel", { name: "Create account" });
  }

  async signUp() {
    await this.page.getByRole("tab", { name: "Create account" }).click();
    await this.signUpForm.getByLabel(/^Name/).fill(this.name);
    await this.signUpForm.getByLabel(/^E-mail/).fill(this.email);
    await this.signUpForm.getByLabel(/^Password/).fill(PASSWORD);
    await this.signUpForm.getByRole("button", { name: "Create account" }).click();
    await this.arrives();
  }

  /** @param {string} [password] */
  async signIn(password = PASSWORD) {
    await this.page.getByRole("tab", { name: "Sign in" }).click();
    await this.signInForm.getByLabel(/^E-mail/).fill(this.email);
    await this.signInForm.getByLabel(/^Password/).fill(password);
    await this.signInForm.getByRole("button", { name: "Sign in" }).click();
  }

  /** Sees the room, with all that it loads. */
  async arrives() {
    await this.page.getByRole("heading", { name: "Your files" }).waitFor();
    await this.page.locator("#gallery-empty, #gallery > *").locator("visible=true").first().waitFor();
    await this.page.locator("#people-empty, #people > *").locator("visible=true").first().waitFor();
  }

  async signOut() {
    await this.page.getByRole("button", { name: "Sign out", exact: true }).click();
    await this.page.getByText("You are signed out.").waitFor();
  }

  /** At the page again, after a reload or with the browser started anew: still signed in. */
  async returns() {
    await this.visit();
    await this.arrives();
  }

  /** @param {Parameters<import("playwright-core").FileChooser["setFiles"]>[0]} files */
  async choose(files) {
    const asked = this.page.waitForEvent("filechooser");
    await this.page.getByRole("button", { name: "Choose files" }).click();
    await (await asked).setFiles(files);
  }

  /**
   * Lets go of files over the page, with the browser's own events: scripts can't make a drop of real files and folders.
   * @param {string[]} files
   */
  async drop(files) {
    const devtools = await this.page.context().newCDPSession(this.page);
    const box = await this.page.getByRole("heading", { name: "Your files" }).boundingBox();
    const { x, y } = box ?? { x: 0, y: 0 };
    for (const type of /** @type {const} */ (["dragEnter", "dragOver", "drop"])) {
      await devtools.send("Input.dispatchDragEvent", { type, x, y, data: { items: [], files, dragOperationsMask: 1 } });
    }
    await devtools.detach();
  }

  /** The tile of a stored file. @param {string} filename */
  stored(filename) {
    return this.page.getByRole("list", { name: "Stored files" }).getByRole("listitem").filter({ hasText: filename });
  }

  /** The row of a file on its way. @param {string} filename */
  moving(filename) {
    return this.page.getByRole("region", { name: "Uploading" }).getByRole("listitem").filter({ hasText: filename });
  }

  /** The row of a file that an earlier page began. @param {string} filename */
  unfinished(filename) {
    return this.page.getByRole("region", { name: "Unfinished" }).getByRole("listitem").filter({ hasText: filename });
  }

  /**
   * Follows the page's own link.
   * @param {string} filename
   * @returns {Promise<{ path: string, filename: string }>} Where it is now, and what the browser would have called it.
   */
  async download(filename) {
    // The link opens a tab, which is gone as soon as the browser sees that there is nothing to show: sometimes so late
    // that the download is the tab's.
    const started = this.page.context().waitForEvent("download");
    await this.page.getByRole("link", { name: `Download ${filename}` }).click();
    const download = await started;
    return { path: await download.path(), filename: download.suggestedFilename() };
  }
}
