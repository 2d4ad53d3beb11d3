import assert from "node:assert/strict";
import { test } from "node:test";

import { testUppy } from "./support/uppy.js";

const { withWidget, small } = await testUppy("6", async (account) => {
  const { companionEndpoint } = await account.call("POST", "/s3/grants");
  return { companionEndpoint };
});

for (const shouldUseMultipart of [false, true]) {
  const how = shouldUseMultipart ? "in parts" : "with a form";

  // Uppy reads only the status of a rejection.
  test(`Uppy 6 reports an invalid grant ${how}`, () =>
    withWidget(
      async (widget, _account, profile) => {
        profile.expect(401);
        await widget.choose(small);
        assert.deepEqual(await widget.upload(), { succeeded: [], failed: ["Companion request failed: Unauthorized"] });
      },
      { shouldUseMultipart },
      async (account) => {
        const { companionEndpoint } = await account.call("POST", "/s3/grants");
        return { companionEndpoint: `${companionEndpoint}x` };
      },
    ));
}
