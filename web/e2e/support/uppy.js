import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";

import { Account } from "./account.js";
import { Profile } from "./browser.js";
import { sha256, temporaryFolder, writeLarge } from "./files.js";
import { Parts } from "./parts.js";
import { startSystem } from "./system.js";
import { serveWidget, Widget } from "./widget.js";

/** Two parts of 5 MiB, the minimum of S3 and the part size of Uppy, and a smaller third part. */
const LARGE_BYTES = 12 * 1024 * 1024 + 1;

/**
 * Tests a version of Uppy from npm against the Companion routes.
 * @param {string} version
 * @param {(account: Account) => Promise<object>} connect Returns the options for its plugin.
 */
export async function testUppy(version, connect) {
  const page = await serveWidget(version);
  after(() => page.stop());
  const system = await startSystem([`AllowedOrigins=${page.origin}`]);
  after(() => system.stop());
  const { folder, remove } = await temporaryFolder();
  after(remove);
  const large = path.join(folder, "film.mov");
  const small = path.join(folder, "notes – 2026 #1.txt");
  before(async () => {
    await writeLarge(large, LARGE_BYTES);
    await writeFile(small, "typed by hand");
  });

  /**
   * @param {(widget: Widget, account: Account, profile: Profile) => Promise<void>} body
   * @param {object} options
   * @param {typeof connect} [reach]
   */
  async function withWidget(body, options, reach = connect) {
    const profile = new Profile();
    try {
      const account = await Account.open(system);
      const widget = new Widget(await profile.open());
      await widget.open(page.origin, { ...(await reach(account)), ...options });
      await body(widget, account, profile);
    } catch (error) {
      // The page's own errors probably explain the failure.
      await profile.remove().catch((problems) => console.error(problems));
      throw error;
    }
    await profile.remove();
  }

  /** @param {Account} account @param {string} file */
  async function isStored(account, file) {
    const { upload, download } = await account.stored();
    assert.equal(upload.filename, path.basename(file));
    const bytes = Buffer.from(await (await fetch(download.url)).arrayBuffer());
    assert.equal(bytes.length, upload.size);
    const downloaded = path.join(folder, upload.id);
    await writeFile(downloaded, bytes);
    assert.equal(await sha256(downloaded), await sha256(file));
  }

  test(`Uppy ${version} uploads a small file with a form`, () =>
    withWidget(async (widget, account) => {
      await widget.choose(small);
      const { succeeded, failed } = await widget.upload();
      assert.deepEqual(failed, []);
      assert.equal(succeeded.length, 1);
      assert.ok(succeeded[0].startsWith(system.s3), succeeded[0]);
      await isStored(account, small);
    }, { shouldUseMultipart: false }));

  test(`Uppy ${version} uploads a large file in parts`, () =>
    withWidget(async (widget, account) => {
      const parts = new Parts(widget.page.context(), system);
      await widget.choose(large);
      const { succeeded, failed } = await widget.upload();
      assert.deepEqual(failed, []);
      assert.equal(succeeded.length, 1);
      assert.equal(parts.stored.length, 3);
      await isStored(account, large);
    }, { shouldUseMultipart: true }));

  test(`Uppy ${version} cancels an upload`, () =>
    withWidget(async (widget, account) => {
      const parts = new Parts(widget.page.context(), system);
      await parts.holdAfter(1);
      await widget.choose(large);
      const arrived = widget.page.waitForResponse((response) => response.request().method() === "PUT" && response.ok());
      const ended = widget.upload();
      await arrived;
      assert.deepEqual((await account.uploads()).map(({ status }) => status), ["pending"]);
      const deleted = widget.page.waitForResponse((response) => response.request().method() === "DELETE");
      await widget.cancel();
      assert.equal((await deleted).status(), 200);
      assert.deepEqual((await ended).succeeded, []);
      assert.deepEqual((await account.uploads()).filter(({ status }) => status !== "deleted"), []);
    }, { shouldUseMultipart: true }));

  return { withWidget, small };
}
