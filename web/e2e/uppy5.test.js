import assert from "node:assert/strict";
import { test } from "node:test";

import { testUppy } from "./support/uppy.js";

const { withWidget, small } = await testUppy("5", async ({ system, authorization }) => ({
  endpoint: system.api,
  headers: { Authorization: authorization },
}));

for (const shouldUseMultipart of [false, true]) {
  const how = shouldUseMultipart ? "in parts" : "with a form";

  test(`Uppy 5 shows the API's message when a file is refused ${how}`, () =>
    withWidget(async (widget, account, profile) => {
      profile.expect(422);
      // The name is longer than the API accepts.
      const refused = widget.page.waitForResponse((response) => response.status() === 422);
      await widget.choose(small, "n".repeat(2000));
      const ended = widget.upload();
      const { message } = await (await refused).json();
      assert.deepEqual(await ended, { succeeded: [], failed: [message] });
      assert.deepEqual(await account.uploads(), []);
    }, { shouldUseMultipart }));

  // Uppy reads only the status of a 401 response.
  test(`Uppy 5 without a token reports that authorization is required ${how}`, () =>
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
