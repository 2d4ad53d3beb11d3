//! Wildcards of IAM policies and event patterns.

/// Matches IAM's wildcards: `*` is any text, `?` any one character.
#[must_use]
pub fn matches_wildcard(pattern: &str, text: &str) -> bool {
    matches(pattern.as_bytes(), text.as_bytes(), Some(b'?'))
}

/// Matches the wildcard of event patterns: `*` is any text.
pub(crate) fn matches_star(pattern: &str, text: &str) -> bool {
    matches(pattern.as_bytes(), text.as_bytes(), None)
}

fn matches(pattern: &[u8], text: &[u8], any_one: Option<u8>) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where to resume when the last `*` has to match one more character.
    let mut retry = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(&byte) if Some(byte) == any_one || byte == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((after_star, from)) => {
                    retry = Some((after_star, from + 1));
                    p = after_star;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_as_in_policies() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*/index/*", "table/a/index/b", true),
            ("a*b*c", "aXbYbZc", true),
            ("abc", "abcd", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(
                matches_wildcard(pattern, text),
                expected,
                "{pattern} {text}"
            );
        }
        assert!(!matches_star("a?c", "abc") && matches_star("a?c", "a?c"));
    }
}
