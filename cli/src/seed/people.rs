//! People that look real.

use deunicode::deunicode;
use domain::{Age, Email, Invalid, Name, Profile, Role, Roles, Status, User, UserId};
use fake::{
    Fake as _,
    faker::{
        address::raw::CityName,
        name::raw::{FirstName, LastName},
    },
    locales::{AR_SA, DE_DE, EN, FR_FR, IT_IT, JA_JP, PT_BR, ZH_CN},
    rand::{RngExt as _, rngs::StdRng},
};
use time::{Duration, OffsetDateTime};

use super::random::{Purpose, age, choose, generator, uuid_v7};

/// Domains that belong to no person (RFC 2606, section 3): no mail reaches a real mailbox.
const DOMAINS: [&str; 3] = ["example.com", "example.net", "example.org"];

/// First name, last name, and the full name in the order of the language.
struct FullName {
    first: String,
    last: String,
    full: String,
}

/// Returns how long before the end of the period this person signed up.
pub(super) fn age_of_account(seed: u64, number: usize) -> Duration {
    age(&mut generator(seed, Purpose::Person, number))
}

/// Makes up the person with this number. The times are relative to `until`; everything else depends on the seed and the number
/// alone.
///
/// # Errors
/// When a rule for accounts refuses what was made up, which would be a defect.
pub(super) fn person(seed: u64, number: usize, until: OffsetDateTime) -> Result<User, Invalid> {
    let mut random = generator(seed, Purpose::Person, number);
    let created_at = until - age(&mut random);
    let id = UserId::from_bytes(uuid_v7(&mut random, created_at));
    let name = full_name(&mut random);
    let email = Email::parse(&address(&mut random, &name, number))?;
    Ok(User {
        id,
        email,
        name: Name::parse(&name.full)?,
        profile: profile(&mut random, &name)?,
        roles: roles(number),
        status: Status::Active,
        verified_at: None,
        version: 1,
        created_at,
        updated_at: created_at,
    })
}

/// Whether the person with this number sells products: one of five.
pub(super) const fn is_seller(number: usize) -> bool {
    number.is_multiple_of(5)
}

fn roles(number: usize) -> Roles {
    is_seller(number)
        .then_some(Role::Seller)
        .into_iter()
        .collect()
}

/// Makes up a name. Half of them are English.
fn full_name(random: &mut StdRng) -> FullName {
    macro_rules! names {
        ($locale:expr) => {
            (
                FirstName($locale).fake_with_rng::<String, _>(random),
                LastName($locale).fake_with_rng::<String, _>(random),
            )
        };
    }
    let language = random.random_range(0..16);
    let (first, last) = match language {
        0 | 1 => names!(DE_DE),
        2 => names!(FR_FR),
        3 => names!(PT_BR),
        4 => names!(IT_IT),
        5 => names!(JA_JP),
        6 => names!(ZH_CN),
        7 => names!(AR_SA),
        _ => names!(EN),
    };
    let full = match language {
        5 => format!("{last} {first}"),
        6 => format!("{last}{first}"),
        _ => format!("{first} {last}"),
    };
    FullName { first, last, full }
}

/// Makes up an address. The number makes it unique.
fn address(random: &mut StdRng, name: &FullName, number: usize) -> String {
    let ascii = |text: &str| {
        let letters = deunicode(text).to_lowercase();
        letters
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(20)
            .collect::<String>()
    };
    let domain = choose(random, &DOMAINS).unwrap_or(DOMAINS[0]);
    let (first, last) = (ascii(&name.first), ascii(&name.last));
    let words: Vec<_> = [first, last]
        .into_iter()
        .filter(|word| !word.is_empty())
        .collect();
    format!("{}.{number}@{domain}", words.join("."))
        .trim_start_matches('.')
        .to_owned()
}

/// Makes up a profile: most people fill in their names, and some nothing.
fn profile(random: &mut StdRng, name: &FullName) -> Result<Profile, Invalid> {
    let mut profile = Profile::default();
    if random.random_bool(0.2) {
        return Ok(profile);
    }
    profile.first_name = Some(Name::parse(&name.first)?);
    profile.last_name = Some(Name::parse(&name.last)?);
    if random.random_bool(0.7) {
        let city: String = CityName(EN).fake_with_rng(random);
        profile.city = Some(Name::parse(&city)?);
    }
    if random.random_bool(0.6) {
        profile.age = Some(Age::parse(random.random_range(18..90))?);
    }
    Ok(profile)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use time::macros::datetime;

    use super::*;

    const UNTIL: OffsetDateTime = datetime!(2026-01-01 00:00:00 UTC);

    #[test]
    fn the_same_seed_makes_up_the_same_people() {
        for number in 0..2_000 {
            let user = person(7, number, UNTIL).unwrap();
            assert_eq!(user, person(7, number, UNTIL).unwrap());
            assert_ne!(user.id, person(8, number, UNTIL).unwrap().id);
            assert_eq!(user.created_at, UNTIL - age_of_account(7, number));
            assert_eq!(UserId::parse(&user.id.to_string()), Ok(user.id));
        }
    }

    #[test]
    fn people_have_different_addresses_at_reserved_domains_and_signed_up_in_the_last_year() {
        let people: Vec<_> = (0..2_000)
            .map(|number| person(1, number, UNTIL).unwrap())
            .collect();
        let addresses: HashSet<_> = people.iter().map(|user| user.email.canonical()).collect();
        assert_eq!(addresses.len(), people.len());
        for user in &people {
            let (_, domain) = user.email.canonical().rsplit_once('@').unwrap();
            assert!(DOMAINS.contains(&domain), "{domain}");
            assert!(user.created_at < UNTIL && user.created_at > UNTIL - Duration::days(366));
        }
        let names: HashSet<_> = people.iter().map(|user| user.name.as_str()).collect();
        assert!(names.len() > 1_500, "{}", names.len());
    }
}
