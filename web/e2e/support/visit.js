import { Profile } from "./browser.js";
import { Person } from "./person.js";

/** @import { BrowserContextOptions } from "playwright-core" */
/** @import { System } from "./system.js" */

/**
 * Opens the page for a new user in a new browser. Fails when the page logged an error.
 * @param {System} system
 * @param {(person: Person, profile: Profile) => Promise<void>} body
 * @param {BrowserContextOptions & { name?: string }} [options]
 */
export async function visit(system, body, { name, ...options } = {}) {
  const profile = new Profile();
  try {
    const person = new Person(await profile.open(options), system, name);
    await person.visit();
    await body(person, profile);
  } catch (error) {
    // The page's own errors probably explain the failure.
    await profile.remove().catch((problems) => console.error(problems));
    throw error;
  }
  await profile.remove();
}
