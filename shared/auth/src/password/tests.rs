use domain::{Password, PasswordAttempt};

use super::{verify::decoy_hash, *};

const CHEAP: u32 = 4;

fn cost(cost: u32) -> Cost {
    Cost::new(cost).unwrap()
}

fn attempt(text: &str) -> PasswordAttempt {
    PasswordAttempt::parse(text).unwrap()
}

async fn hashed(password: &str) -> PasswordHash {
    hash(&Password::parse(password).unwrap(), cost(CHEAP))
        .await
        .unwrap()
}

async fn verdict_on(text: &str, stored: &str) -> Verdict {
    let stored = PasswordHash::parse(stored).unwrap();
    verify(&attempt(text), Some(&stored), stored.cost())
        .await
        .unwrap()
}

#[tokio::test]
async fn only_the_password_matches() {
    let stored = hashed("correct horse battery").await;
    assert!(stored.as_str().starts_with("$2b$04$"));
    assert_eq!(PasswordHash::parse(stored.as_str()).unwrap(), stored);
    assert_eq!(
        verdict_on("correct horse battery", stored.as_str()).await,
        Verdict::Match
    );
    for wrong in [
        "correct horse batter",
        "correct horse battery ",
        "Correct horse battery",
        "x",
    ] {
        assert_eq!(
            verdict_on(wrong, stored.as_str()).await,
            Verdict::NoMatch,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn a_match_of_another_cost_needs_a_rehash() {
    let stored = hashed("correct horse battery").await;
    let (right, wrong) = (
        attempt("correct horse battery"),
        attempt("wrong horse battery"),
    );
    for configured in [5, 6] {
        let verdict = |typed| verify(typed, Some(&stored), cost(configured));
        assert_eq!(verdict(&right).await.unwrap(), Verdict::MatchNeedsRehash);
        assert_eq!(verdict(&wrong).await.unwrap(), Verdict::NoMatch);
    }
    let above = PasswordHash::parse("$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe");
    let verdict = verify(&attempt("a"), above.ok().as_ref(), cost(CHEAP))
        .await
        .unwrap();
    assert_eq!(verdict, Verdict::MatchNeedsRehash);
}

#[tokio::test]
async fn the_same_salt_makes_the_same_hash() {
    let password = Password::parse("correct horse battery").unwrap();
    let first = hash(&password, cost(CHEAP)).await.unwrap();
    let again = hash_with_salt(&password, first.cost(), first.salt())
        .await
        .unwrap();
    assert_eq!(first, again);
    let other = Password::parse("another horse battery").unwrap();
    let other = hash_with_salt(&other, first.cost(), first.salt())
        .await
        .unwrap();
    assert_ne!(first, other);
    assert_ne!(
        hash(&password, cost(CHEAP)).await.unwrap().salt(),
        first.salt()
    );
}

/// bcrypt compares all 71 bytes, and the library refuses a 72nd.
#[tokio::test]
async fn a_password_of_71_bytes_counts_in_full_and_72_bytes_are_refused() {
    let longest = "0123456789".repeat(7) + "a";
    let stored = hashed(&longest).await;
    let verdict = |typed: String| {
        let stored = stored.clone();
        async move {
            verify(&attempt(&typed), Some(&stored), cost(CHEAP))
                .await
                .unwrap()
        }
    };
    assert_eq!(verdict(longest.clone()).await, Verdict::Match);
    assert_eq!(
        verdict("0123456789".repeat(7) + "b").await,
        Verdict::NoMatch
    );
    for longer in [
        format!("{longest}b"),
        format!("{longest}\0"),
        longest.repeat(100),
    ] {
        assert_eq!(verdict(longer).await, Verdict::NoMatch);
    }
    assert!(bcrypt::non_truncating_hash([b'x'; 71], CHEAP).is_ok());
    assert!(matches!(
        bcrypt::non_truncating_hash([b'x'; 72], CHEAP),
        Err(bcrypt::BcryptError::Truncation(_))
    ));
}

#[tokio::test]
async fn nul_bytes_count() {
    let stored = hashed("before\0after").await;
    assert_eq!(
        verdict_on("before\0after", stored.as_str()).await,
        Verdict::Match
    );
    for other in ["before", "before\0", "before\0other", "before\0after\0"] {
        assert_eq!(verdict_on(other, stored.as_str()).await, Verdict::NoMatch);
    }
}

#[tokio::test]
async fn unicode_forms_of_a_password_are_equivalent() {
    let stored = hashed("caf\u{e9} au lait").await;
    for same in ["cafe\u{301} au lait", "caf\u{e9} \u{ff41}u lait"] {
        assert_eq!(verdict_on(same, stored.as_str()).await, Verdict::Match);
    }
}

/// From the tests of jBCrypt, of Openwall's `crypt_blowfish` and of PHP's manual.
#[tokio::test]
async fn hashes_of_other_libraries_verify() {
    for (password, stored) in [
        (
            "a",
            "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe",
        ),
        (
            "abc",
            "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i",
        ),
        (
            "abcdefghijklmnopqrstuvwxyz",
            "$2a$08$aTsUwsyowQuzRrDqFflhgekJ8d9/7Z3GV3UcgvzQW3J5zMyrTvlz.",
        ),
        (
            "~!@#$%^&*()      ~!@#$%^&*()PNBFRD",
            "$2a$06$fPIsBO8qRqkjj273rfaOI.HtSV9jLDpTbZn782DC6/t7qT67P6FfO",
        ),
        (
            "U*U",
            "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        ),
        (
            "U*U*U",
            "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a",
        ),
        (
            "rasmuslerdorf",
            "$2y$07$BCryptRequires22Chrcte/VlQH0piJtjXl.0t1XkA8pw9dMXTpOq",
        ),
    ] {
        assert_eq!(
            verdict_on(password, stored).await,
            Verdict::Match,
            "{password}"
        );
        assert_eq!(verdict_on("something else", stored).await, Verdict::NoMatch);
    }
}

#[test]
fn only_supported_bcrypt_hashes_parse() {
    let good = "$2b$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe";
    assert_eq!(PasswordHash::parse(good).unwrap().cost(), cost(6));
    let bad = [
        String::new(),
        good.replace("$2b$", "$2x$"),
        good.replace("$2b$", "$2$0"),
        good.replace("$06$", "$03$"),
        good.replace("$06$", "$17$"),
        good.replace("$06$", "$+6$"),
        good.replace("m0Crh", "m0Cr\u{e9}"),
        good.replace("m0Crh", "m0Cr="),
        format!("{good}e"),
        good[..59].to_owned(),
        "\u{1f5dd}".repeat(15),
    ];
    for text in bad {
        assert_eq!(PasswordHash::parse(&text), Err(BadHash), "{text}");
    }
}

#[test]
fn the_decoy_hash_parses_at_every_cost() {
    for configured in 4..=16 {
        let decoy = decoy_hash(cost(configured));
        let parsed = PasswordHash::parse(&decoy).unwrap();
        assert_eq!(
            (parsed.cost(), parsed.as_str()),
            (cost(configured), decoy.as_str())
        );
    }
}

#[tokio::test]
async fn debug_output_of_a_hash_does_not_contain_it() {
    let stored = hashed("correct horse battery").await;
    let shown = format!("{stored:?}");
    assert!(
        shown.contains('4') && !shown.contains(&stored.as_str()[29..]),
        "{shown}"
    );
}
