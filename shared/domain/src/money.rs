use std::{fmt, str::FromStr as _};

use iso_currency::Currency as Iso;

use crate::Invalid;

/// A number of minor units that every system on the way can hold: the payment provider accepts eight digits.
const MAX_AMOUNT: u64 = 99_999_999;

const UNKNOWN_CURRENCY: Invalid = Invalid::new(
    "unknown_currency",
    "This is not a currency that prices can have. Send an ISO 4217 code such as EUR, in capitals.",
);
const AMOUNT_TOO_LARGE: Invalid = Invalid::new(
    "amount_too_large",
    "The amount is too large. Send at most 99999999 minor units.",
);
const AMOUNT_TOO_SMALL: Invalid = Invalid::new(
    "amount_too_small",
    "The amount is less than a payment can be. Send 0 for a free product, or a higher amount.",
);
const NOT_CHARGEABLE: Invalid = Invalid::new(
    "amount_not_chargeable",
    "Amounts in this currency must be a multiple of 10. Round the amount.",
);

/// A currency of ISO 4217 that goods are paid in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency(Iso);

impl Currency {
    /// Parses a code in capitals, such as `EUR`.
    ///
    /// # Errors
    /// When it is not the code of a currency, or one that nothing is paid in: funds codes, precious metals and test codes.
    pub fn parse(code: &str) -> Result<Self, Invalid> {
        let found = Iso::from_str(code).map_err(|_| UNKNOWN_CURRENCY)?;
        // A currency of a country or a union of countries has minor units and users. The others are units of account.
        let is_money = found.exponent().is_some() && !found.is_fund() && !found.is_special();
        if is_money && found.code() == code {
            Ok(Self(found))
        } else {
            Err(UNKNOWN_CURRENCY)
        }
    }

    /// The code, in capitals.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// The number of decimal digits of the minor unit: 2 for EUR, 0 for JPY, 3 for KWD.
    #[must_use]
    pub fn digits(self) -> u8 {
        u8::try_from(self.0.exponent().unwrap_or_default()).unwrap_or_default()
    }
}

/// An amount of money: whole minor units of a currency, such as 499 for 4.99 EUR and 499 for 499 JPY. Never a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    /// Minor units.
    pub amount: u64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// Parses the price of a product. 0 is free.
    ///
    /// # Errors
    /// When the provider cannot charge the amount (<https://docs.stripe.com/currencies>): it is too large or too small, or it
    /// has a last digit that currencies with three decimals may not have.
    pub fn price(amount: u64, currency: Currency) -> Result<Self, Invalid> {
        if amount > MAX_AMOUNT {
            return Err(AMOUNT_TOO_LARGE);
        }
        if amount > 0 && amount < minimum(currency) {
            return Err(AMOUNT_TOO_SMALL);
        }
        if currency.digits() == 3 && !amount.is_multiple_of(10) {
            return Err(NOT_CHARGEABLE);
        }
        Ok(Self { amount, currency })
    }

    /// Whether nothing has to be paid.
    #[must_use]
    pub const fn is_free(&self) -> bool {
        self.amount == 0
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.currency.digits();
        let unit = 10_u64.pow(u32::from(digits));
        let (whole, rest) = (self.amount / unit, self.amount % unit);
        match digits {
            0 => write!(f, "{whole} {}", self.currency.code()),
            _ => write!(
                f,
                "{whole}.{rest:0width$} {}",
                self.currency.code(),
                width = usize::from(digits)
            ),
        }
    }
}

/// The smallest charge of the provider (<https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts>). For
/// currencies that it does not list, one minor unit: the provider converts the amount and decides.
fn minimum(currency: Currency) -> u64 {
    match currency.code() {
        "AED" | "MYR" | "PLN" | "RON" => 200,
        "BGN" => 100,
        "AUD" | "BRL" | "CAD" | "CHF" | "EUR" | "INR" | "JPY" | "NZD" | "SGD" | "USD" => 50,
        "CZK" => 1_500,
        "DKK" => 250,
        "GBP" => 30,
        "HKD" => 400,
        "HUF" => 17_500,
        "MXN" | "THB" => 1_000,
        "NOK" | "SEK" => 300,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).unwrap()
    }

    #[test]
    fn a_currency_is_a_code_of_money_in_capitals() {
        for (code, digits) in [("EUR", 2), ("USD", 2), ("JPY", 0), ("KWD", 3), ("KRW", 0)] {
            let found = currency(code);
            assert_eq!((found.code(), found.digits()), (code, digits));
        }
        for bad in [
            "eur", "EU", "EURO", "", "XXX", "XTS", "XAU", "XDR", "CHE", "USN", "BOV", "XYZ", "€",
        ] {
            assert_eq!(Currency::parse(bad), Err(UNKNOWN_CURRENCY), "{bad}");
        }
    }

    #[test]
    fn a_price_is_an_amount_that_can_be_charged_or_free() {
        let price = |amount, code| Money::price(amount, currency(code)).map(|money| money.amount);
        assert_eq!(price(0, "EUR"), Ok(0));
        assert_eq!(price(49, "EUR"), Err(AMOUNT_TOO_SMALL));
        assert_eq!(price(50, "EUR"), Ok(50));
        assert_eq!(price(50, "JPY"), Ok(50));
        assert_eq!(price(99_999_999, "USD"), Ok(99_999_999));
        assert_eq!(price(100_000_000, "USD"), Err(AMOUNT_TOO_LARGE));
        assert_eq!(price(1_005, "KWD"), Err(NOT_CHARGEABLE));
        assert_eq!(price(1_010, "KWD"), Ok(1_010));
    }

    #[test]
    fn money_is_shown_with_the_digits_of_its_currency() {
        let text = |amount, code| {
            Money {
                amount,
                currency: currency(code),
            }
            .to_string()
        };
        assert_eq!(text(499, "EUR"), "4.99 EUR");
        assert_eq!(text(5, "USD"), "0.05 USD");
        assert_eq!(text(499, "JPY"), "499 JPY");
        assert_eq!(text(12_340, "KWD"), "12.340 KWD");
    }
}
