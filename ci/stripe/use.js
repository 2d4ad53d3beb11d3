// Uses the stand-in with the provider's library: a checkout that is created, repeated, read, paid and refunded.
import assert from "node:assert/strict";

import Stripe from "stripe";

const { STAND_IN = "", STAND_IN_KEY = "" } = process.env;
const { hostname, port } = new URL(STAND_IN);
const stripe = new Stripe(STAND_IN_KEY, { host: hostname, port, protocol: "http", maxNetworkRetries: 0 });

const order = "0190f9d4-7c1a-7b52-8e3f-5a6b7c8d9e11";
/** @type {any} */
const checkout = {
  mode: "payment",
  line_items: [{ quantity: 1, price_data: { currency: "jpy", unit_amount: 700, product_data: { name: "Tea & more" } } }],
  metadata: { order },
  payment_intent_data: { metadata: { order } },
  success_url: "http://localhost/paid",
  cancel_url: "http://localhost/closed",
};
const session = await stripe.checkout.sessions.create(checkout, { idempotencyKey: order });
const again = await stripe.checkout.sessions.create(checkout, { idempotencyKey: order });
assert.equal(again.id, session.id);
checkout.line_items[0].price_data.unit_amount = 800;
await assert.rejects(stripe.checkout.sessions.create(checkout, { idempotencyKey: order }), Stripe.errors.StripeIdempotencyError);

const paid = await fetch(`${session.url}/pay`, { method: "POST", redirect: "manual" });
assert.equal(paid.status, 303);
const found = await stripe.checkout.sessions.retrieve(session.id, { expand: ["payment_intent.latest_charge"] });
assert.equal(found.payment_status, "paid");
const payment = /** @type {any} */ (found.payment_intent);
assert.equal(payment.metadata.order, order);
assert.equal(payment.latest_charge.amount_refunded, 0);
const refund = await stripe.refunds.create({ payment_intent: payment.id, amount: 200 }, { idempotencyKey: `${order}-refund` });
assert.equal(refund.amount, 200);
const charge = await stripe.charges.retrieve(payment.latest_charge.id);
assert.equal(charge.amount_refunded, 200);
const { data } = await stripe.events.list({ limit: 2 });
assert.deepEqual(data.map(({ type }) => type), ["charge.refunded", "checkout.session.completed"]);
await assert.rejects(stripe.checkout.sessions.expire(session.id), Stripe.errors.StripeInvalidRequestError);
await assert.rejects(stripe.charges.retrieve("ch_unknown"), { statusCode: 404 });
const stranger = new Stripe("sk_test_wrong", { host: hostname, port, protocol: "http" });
await assert.rejects(stranger.events.list(), Stripe.errors.StripeAuthenticationError);
console.log("the npm library uses the stand-in");
