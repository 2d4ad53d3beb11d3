import assert from "node:assert/strict";
import { test } from "node:test";

import { testUppy } from "./support/uppy.js";

const { withWidget, small } = await testUppy("5", async ({ system, authorization }) => ({
  endpoint: system.api,
  headers: { Authorization: authorization },
}));

for (const shouldUseMultipart of [false, true]) {
  const how = shouldUseMultipart ? "in parts" : "by a form";

  test(`Uppy 5 shows our message when a file is refused ${how}`, () =>
    withWidget(async (widget, account, profile) => {
      profile.expect(422);
      // By its name: longer than any file system has them.
      const refused = widget.page.waitForResponse((response) => response.status() === 422);
      await widget.choose(small, "n".repeat(2000));
      const ended = widget.upload();
      const { message } = await (await refused).json();
      assert.deepEqual(await ended, { succeeded: [], failed: [message] });
      assert.deepEqual(await account.uploads(), []);
    }, { shouldUseMultipart }));

  // Of an answer of 401 it reads no more than the status.
  test(`Uppy 5 without a token says that it needs one ${how}`, () =>
    withWidget(
      async (widget, _account, profile) => {
        profile.expect(401);
        await widget.choose(small);
        assert.deepEqual(await widget.upload(), { succeeded: [], failed: ["Authorization required"] });
      },
      { shouldUseMultipart },
      async ({ system }) => ({ endpoint: system.api }),
    ));
}
