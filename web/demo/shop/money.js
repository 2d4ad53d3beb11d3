/** @import { Money } from "../../cloakroom/types.js" */

/**
 * The currencies whose minor unit has not two decimal digits (ISO 4217). Browsers have another table: their `Intl` shows
 * Hungarian forints without digits, so that 4.99 HUF would become 499 HUF.
 */
const WITHOUT_DIGITS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(" ");
const WITH_THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND".split(" ");

/** What the page suggests as currencies. The API accepts the others too. */
export const COMMON_CURRENCIES = ["EUR", "USD", "GBP", "CHF", "JPY", "SEK", "PLN", "CAD", "AUD", "KWD"];

/**
 * Returns the number of decimal digits of a currency's minor unit.
 * @param {string} currency ISO 4217.
 */
export function digits(currency) {
  if (WITHOUT_DIGITS.includes(currency)) return 0;
  return WITH_THREE_DIGITS.includes(currency) ? 3 : 2;
}

/**
 * Formats an amount for readers, such as "€4.99".
 * @param {Money} money
 */
export function format({ amount, currency }) {
  const count = digits(currency);
  const options = { style: /** @type {const} */ ("currency"), currency, minimumFractionDigits: count, maximumFractionDigits: count };
  return new Intl.NumberFormat("en", options).format(amount / 10 ** count);
}

/** Formats the price of a product. @param {Money} price */
export const formatPrice = (price) => (price.amount === 0 ? "Free" : format(price));

/**
 * Writes an amount as it is typed, such as "4.99".
 * @param {Money} money
 */
export function toInput({ amount, currency }) {
  const count = digits(currency);
  const text = String(amount).padStart(count + 1, "0");
  return count === 0 ? text : `${text.slice(0, -count)}.${text.slice(-count)}`;
}

/**
 * Parses a typed amount into minor units, without fractions on the way. Returns `null` when it is no amount in the currency.
 * @param {string} text For example "4.99", "4,99" or "5".
 * @param {string} currency ISO 4217.
 */
export function fromInput(text, currency) {
  const [, whole, fraction = ""] = /^(\d{1,9})(?:[.,](\d+))?$/.exec(text.trim()) ?? [];
  const count = digits(currency);
  if (whole === undefined || fraction.length > count) return null;
  return Number(whole + fraction.padEnd(count, "0"));
}
