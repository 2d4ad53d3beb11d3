import { setTimeout as sleep } from "node:timers/promises";

/** @import { System } from "./system.js" */

/**
 * Waits for a mail, and returns it.
 * @param {System} system
 * @param {string} email The recipient.
 * @returns {Promise<{ subject: string, text: string, html: string }>}
 */
export async function mailTo(system, email) {
  for (let tries = 0; tries < 600; tries++) {
    const mails = await (await fetch(`${system.outbox}.json`)).json();
    const mail = mails.find((/** @type {{ to: string[] }} */ { to }) => to.includes(email));
    if (mail) return mail;
    await sleep(100);
  }
  throw new Error(`No mail was sent to ${email}`);
}
