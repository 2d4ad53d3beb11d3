import { Profile } from "./browser.js";
import { Person } from "./person.js";

/** @import { BrowserContextOptions } from "playwright-core" */
/** @import { System } from "./system.js" */

/**
 * Somebody new at the page, in a browser of their own. Fails when the page had anything to complain about.
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
    // The page's own complaints probably say why.
    await profile.remove().catch((complaints) => console.error(complaints));
    throw error;
  }
  await profile.remove();
}
