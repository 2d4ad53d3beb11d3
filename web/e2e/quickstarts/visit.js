import { randomUUID } from "node:crypto";
import { PNG } from "../support/files.js";
import { Profile } from "../support/browser.js";

/** @import { Page } from "playwright-core" */

/** The URL of the page and the folder of the app, which ci/check_quickstarts.py passes. */
export const [url, folder] = process.argv.slice(2);
export const PASSWORD = "analytical engine";

/**
 * Opens the page of a quick start. Fails if the browser reports errors.
 * @param {(page: Page, profile: Profile) => Promise<void>} body
 */
export async function visit(body) {
  const profile = new Profile();
  // The quick starts have no icon.
  profile.expect(404, `${url}/favicon.ico`);
  try {
    const page = await profile.open();
    await page.goto(url);
    await body(page, profile);
  } catch (error) {
    await profile.remove().catch((problems) => console.error(problems));
    throw error;
  }
  await profile.remove();
  console.log("works in Chromium");
}

/** Fills the form of a new or returning user. @param {Page} page @param {{ name?: string, email: string }} person */
export async function fill(page, { name, email }) {
  if (name) await page.getByLabel("Name").fill(name);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
}

/** Returns a new user. */
export const newPerson = () => ({ name: "Ada", email: `${randomUUID()}@example.com` });

/** A small file. @param {string} name */
export const small = (name) => ({ name, mimeType: "image/png", buffer: PNG });

/** A file that takes noticeable time. @param {string} name @param {number} bytes */
export const large = (name, bytes) => ({ name, mimeType: "application/octet-stream", buffer: Buffer.alloc(bytes, 7) });
