// Decides whether webhooks are accepted, with the provider's library: reads a case of each line, as JSON, and prints true or false.
import { createInterface } from "node:readline";

import Stripe from "stripe";

const stripe = new Stripe("sk_test_unused");

for await (const line of createInterface({ input: process.stdin })) {
  const { body, header, secrets, now } = JSON.parse(line);
  const payload = Buffer.from(body, "base64");
  const accepted = secrets.split(" ").some((/** @type {string} */ secret) => {
    try {
      stripe.webhooks.constructEvent(payload, header, secret, 300, undefined, now * 1000);
      return true;
    } catch {
      return false;
    }
  });
  console.log(accepted);
}
