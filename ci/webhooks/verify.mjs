// Reads deliveries from standard input, one JSON object in a line, and writes for each what docs/WEBHOOKS.md's receiver returns:
// the id of the event, or null.
import { createInterface } from "node:readline";

import { receive } from "./receiver.mjs";

for await (const line of createInterface({ input: process.stdin })) {
  const { secret, body, headers } = JSON.parse(line);
  console.log(JSON.stringify(receive(secret, body, headers)?.id ?? null));
}
