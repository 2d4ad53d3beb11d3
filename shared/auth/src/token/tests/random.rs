use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

static ISSUED: LazyLock<(String, VerifyingKeys)> = LazyLock::new(|| {
    let (token, verifying, _) = issued(&new_key(Algorithm::EdDSA));
    (token, verifying)
});

proptest! {
    #[test]
    fn arbitrary_text_is_refused(text in any::<String>()) {
        prop_assert!(verified(&ISSUED.1, &text).is_err());
    }

    #[test]
    fn three_arbitrary_parts_are_refused(text in "[A-Za-z0-9_=-]{0,200}(\\.[A-Za-z0-9_=-]{0,200}){2}") {
        prop_assert!(verified(&ISSUED.1, &text).is_err());
    }

    #[test]
    fn an_unsigned_header_and_claims_are_refused(
        header in "\\{(\"(alg|typ|kid|crit|x)\":(\"[a-zA-Z0-9+]{0,9}\"|null|1|\\[\\]),?){0,5}\\}",
        claims in "\\{.{0,50}\\}",
    ) {
        let token = format!("{}.{}.", BASE64.encode(header), BASE64.encode(claims));
        prop_assert!(verified(&ISSUED.1, &token).is_err());
    }

    #[test]
    fn a_token_with_one_changed_character_is_refused(
        at in any::<prop::sample::Index>(),
        other in any::<char>(),
    ) {
        let (token, verifying) = &*ISSUED;
        let at = at.index(token.len());
        prop_assume!(!token[at..].starts_with(other));
        let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
        prop_assert!(verified(verifying, &changed).is_err());
    }

    #[test]
    fn a_token_with_a_removed_or_repeated_piece_is_refused(
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
    ) {
        let (token, verifying) = &*ISSUED;
        let (from, to) = (from.index(token.len()), to.index(token.len()));
        let (from, to) = (from.min(to), from.max(to) + 1);
        let cut = format!("{}{}", &token[..from], &token[to..]);
        prop_assert!(verified(verifying, &cut).is_err());
        let doubled = format!("{}{}", &token[..to], &token[from..]);
        prop_assert!(verified(verifying, &doubled).is_err());
    }

    #[test]
    fn random_signatures_and_hostile_claims_never_panic(
        signature in proptest::collection::vec(any::<u8>(), 0..300),
        algorithm in prop::sample::select(&Algorithm::ALL[..]),
    ) {
        static KEYS: LazyLock<Vec<NewKey>> =
            LazyLock::new(|| Algorithm::ALL.map(new_key).into());
        static SETS: LazyLock<VerifyingKeys> =
            LazyLock::new(|| key_sets(&KEYS.iter().collect::<Vec<_>>()).1);
        let key = KEYS.iter().find(|key| key.algorithm == algorithm).unwrap();
        let header = json!({"typ": "at+jwt", "alg": algorithm.as_str(), "kid": key.kid});
        let token = format!(
            "{}.{}.{}",
            BASE64.encode(header.to_string()),
            BASE64.encode(Forge::claims().to_string()),
            BASE64.encode(signature),
        );
        prop_assert_eq!(verified(&SETS, &token), Err(TokenError::BadSignature));
    }
}
