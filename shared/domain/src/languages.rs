/// The languages that are kept of a header, which has no limit.
const MAX_LANGUAGES: usize = 5;
/// The longest tag that BCP 47 recommends to support (RFC 5646 section 4.4.1).
const MAX_TAG: usize = 35;

/// The languages that a person prefers, best first, as their browser sends them in `Accept-Language` (RFC 9110 section
/// 12.5.4). Tags are in lower case; `*` and what is not a tag are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Languages(Vec<String>);

impl Languages {
    /// Reads a header. Never fails: a header that is not valid prefers no language.
    #[must_use]
    pub fn parse(header: &str) -> Self {
        let mut weighted: Vec<_> = header.split(',').filter_map(weighted).collect();
        // Stable: tags of one weight keep their order.
        weighted.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
        let tags = weighted.into_iter().map(|(tag, _)| tag);
        Self(tags.take(MAX_LANGUAGES).collect())
    }

    /// The tags as one text, such as `de-at,en`; none if no language is preferred. [`Self::parse`] reads it again.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.join(","))
    }

    /// The best of the supported languages, whose tags are in lower case: a tag matches a supported language that it begins
    /// with, `de-at` for example `de` (RFC 4647 section 3.4, lookup).
    #[must_use]
    pub fn choose<'a>(&self, supported: &[&'a str]) -> Option<&'a str> {
        let ranges = self.0.iter().flat_map(|tag| prefixes(tag));
        ranges
            .filter_map(|range| supported.iter().find(|language| **language == range))
            .copied()
            .next()
    }
}

/// A tag with its weight in thousandths; none if it is not acceptable.
fn weighted(range: &str) -> Option<(String, u16)> {
    let mut parts = range.split(';').map(str::trim);
    let tag = parts.next().filter(|tag| is_tag(tag))?;
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    let weight = match weight {
        Some(weight) => thousandths(weight)?,
        None => 1000,
    };
    (weight > 0).then(|| (tag.to_ascii_lowercase(), weight))
}

fn is_tag(text: &str) -> bool {
    let is_subtag = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    text.len() <= MAX_TAG && text.split('-').all(is_subtag)
}

fn thousandths(weight: &str) -> Option<u16> {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    let is_valid = matches!(whole, "0" | "1")
        && fraction.len() <= 3
        && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let value = is_valid.then(|| format!("{whole}{fraction:0<3}").parse::<u16>().ok());
    value.flatten().filter(|value| *value <= 1000)
}

/// The tag, then the tag without its last part, and so on.
fn prefixes(tag: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(tag), |range| {
        range.rsplit_once('-').map(|(range, _)| range)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chosen(header: &str) -> Option<&'static str> {
        Languages::parse(header).choose(&["de", "en", "pt-br", "zh-hant"])
    }

    #[test]
    fn the_best_supported_language_is_chosen() {
        for (header, expected) in [
            ("de", Some("de")),
            ("de-AT,en;q=0.8", Some("de")),
            ("en;q=0.8, de-AT", Some("de")),
            ("fr, en;q=0.1", Some("en")),
            ("pt", None),
            ("pt-BR", Some("pt-br")),
            ("zh-Hant-TW", Some("zh-hant")),
            ("de;q=0, en", Some("en")),
            ("en;q=0.5, de;q=0.501", Some("de")),
            ("*", None),
            ("", None),
            ("de;q=2", None),
            ("de;q=1.001", None),
            ("de; q=0.3", Some("de")),
            ("d\u{e9}, <script>, en", Some("en")),
        ] {
            assert_eq!(chosen(header), expected, "{header}");
        }
    }

    #[test]
    fn what_is_kept_of_a_header_is_short() {
        let header = (0..1000)
            .map(|number| format!("x{number}"))
            .collect::<Vec<_>>()
            .join(",");
        let text = Languages::parse(&header).text().unwrap();
        assert_eq!(text, "x0,x1,x2,x3,x4");
        assert_eq!(Languages::parse(&"a".repeat(1000)).text(), None);
    }

    proptest! {
        #[test]
        fn any_header_is_read_and_its_text_is_read_as_the_same(header in ".*") {
            let languages = Languages::parse(&header);
            let text = languages.text().unwrap_or_default();
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b',')));
            prop_assert_eq!(Languages::parse(&text), languages);
        }
    }
}
