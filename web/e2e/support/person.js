import { randomUUID } from "node:crypto";

import { PART_BYTES, TWO_PARTS } from "./files.js";

/** @import { Page } from "playwright-core" */
/** @import { System } from "./system.js" */

export const PASSWORD = "analytical engine";

/** A user of the page, who finds controls by their accessible names. */
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

  /** Returns another user in the same browser. @param {string} name */
  next(name) {
    return new Person(this.page, this.system, name);
  }

  /** Continues in another page. @param {Page} page */
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
    await this.waitForHome();
  }

  /** @param {string} [password] */
  async signIn(password = PASSWORD) {
    await this.page.getByRole("tab", { name: "Sign in" }).click();
    await this.signInForm.getByLabel(/^E-mail/).fill(this.email);
    await this.signInForm.getByLabel(/^Password/).fill(password);
    await this.signInForm.getByRole("button", { name: "Sign in" }).click();
  }

  /** Waits until the home page has loaded its files, those that others share, its users and the profile. */
  async waitForHome() {
    await this.page.getByRole("heading", { name: "Your files" }).waitFor();
    await this.page.locator("#own-id:not(:empty)").waitFor({ state: "attached" });
    await this.page.locator("#gallery-empty, #gallery > *").locator("visible=true").first().waitFor();
    await this.page.locator("#people-empty, #people > *").locator("visible=true").first().waitFor();
    await this.page.locator("#shared-more:enabled").waitFor({ state: "attached" });
  }

  async signOut() {
    await this.page.getByRole("button", { name: "Sign out", exact: true }).click();
    await this.page.getByText("You are signed out.").waitFor();
  }

  /** Opens the page again and expects to be still signed in. */
  async revisit() {
    await this.visit();
    await this.waitForHome();
  }

  /** @param {Parameters<import("playwright-core").FileChooser["setFiles"]>[0]} files */
  async choose(files) {
    const asked = this.page.waitForEvent("filechooser");
    await this.page.getByRole("button", { name: "Choose files" }).click();
    await (await asked).setFiles(files);
  }

  /**
   * Drops files on the page with the browser's own events: scripts cannot create a drop of real files and folders.
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

  /** Finds the tile of a stored file. @param {string} filename */
  stored(filename) {
    return this.page.getByRole("list", { name: "Stored files" }).getByRole("listitem").filter({ hasText: filename });
  }

  /** Finds the row of a running upload. @param {string} filename */
  uploading(filename) {
    return this.page.getByRole("region", { name: "Uploading" }).getByRole("listitem").filter({ hasText: filename });
  }

  /**
   * Waits until two parts of a large file are stored, while `Parts.holdAfter` holds the others.
   * @param {string} filename
   */
  async twoPartsStored(filename) {
    await this.uploading(filename).getByText(TWO_PARTS).waitFor();
    // The row counts bytes that are sent, and this journal entry parts that are complete.
    const complete = `"loaded":${2 * PART_BYTES}`;
    await this.page.waitForFunction((text) => Object.values(localStorage).some((value) => value.includes(text)), complete);
  }

  /** Finds the row of an unfinished upload of an earlier page. @param {string} filename */
  unfinished(filename) {
    return this.page.getByRole("region", { name: "Unfinished" }).getByRole("listitem").filter({ hasText: filename });
  }

  /**
   * Downloads a file with the link on the page.
   * @param {string} filename
   * @returns {Promise<{ path: string, filename: string }>} The path of the downloaded file, and the file name that the browser suggests.
   */
  async download(filename) {
    // The link opens a tab that the browser closes again for a download. The download may belong to either tab, so this
    // listens on the context.
    const started = this.page.context().waitForEvent("download");
    await this.page.getByRole("link", { name: `Download ${filename}` }).click();
    const download = await started;
    return { path: await download.path(), filename: download.suggestedFilename() };
  }
}
