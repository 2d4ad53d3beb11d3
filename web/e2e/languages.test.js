import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { after, test } from "node:test";

import { assertAccessible } from "./support/accessible.js";
import { Profile } from "./support/browser.js";
import { mailTo } from "./support/mail.js";
import { PASSWORD } from "./support/person.js";
import { startSystem } from "./support/system.js";

const FILES = path.resolve(import.meta.dirname, "../../functions/mailer/languages");
const languages = (await readdir(FILES)).map((file) => path.basename(file, ".json"));

const system = await startSystem();
after(() => system.stop());

/**
 * Signs up in a language, and returns the mail.
 * @param {string} language
 */
async function mailIn(language) {
  const email = `${language}@example.com`;
  const account = { email, password: PASSWORD, name: "Ada" };
  const headers = { "content-type": "application/json", "accept-language": language };
  const created = await fetch(`${system.api}/signup`, { method: "POST", headers, body: JSON.stringify(account) });
  assert.equal(created.status, 201);
  return mailTo(system, email);
}

for (const language of languages) {
  test(`a mail is readable and accessible: ${language}`, async () => {
    const { html, subject } = await mailIn(language);
    for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
      const profile = new Profile();
      try {
        const page = await profile.open({ viewport: { width: 320, height: 640 }, hasTouch: true, colorScheme });
        await page.setContent(html);
        assert.equal(await page.title(), subject);
        await assertAccessible(page, `the mail in ${language}, ${colorScheme}`);
        if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/mail-${language}-${colorScheme}.png` });
      } finally {
        await profile.remove();
      }
    }
  });
}
