//! The texts of the mails in each language: the files in `languages/`, by their tags.

use domain::Languages;
use serde::Deserialize;

/// The tag of each language, in lower case, and its file.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/languages.rs"));

/// The language of a recipient whose languages are not known or not supported.
const FALLBACK: &str = "en";

/// The file of a language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    /// The direction of the writing, as HTML has it.
    pub dir: Direction,
    pub verify: Text,
    pub sign_up: Text,
    pub account_exists: Text,
    pub reset: Text,
    pub receipt: Text,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Ltr,
    Rtl,
}

/// The texts of a mail. `{app}` stands for the name of the app. The texts of a receipt also have `{title}`, `{price}`, `{order}`
/// and `{date}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    pub subject: String,
    /// Paragraphs before the link.
    pub before: Vec<String>,
    /// The words of the link in HTML.
    pub link: String,
    /// Paragraphs after the link.
    pub after: Vec<String>,
}

/// The texts for a recipient, and the tag of their language.
///
/// # Errors
/// When a file is damaged, which the tests exclude.
pub fn texts_for(languages: &Languages) -> Result<(&'static str, Texts), serde_json::Error> {
    let tags: Vec<_> = FILES.iter().map(|(tag, _)| *tag).collect();
    let tag = languages.choose(&tags).unwrap_or(FALLBACK);
    let file = FILES.iter().find(|(of, _)| *of == tag);
    let (tag, file) = file.unwrap_or(&FILES[0]);
    Ok((tag, serde_json::from_str(file)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = (&'static str, Texts)> {
        FILES.iter().map(|(tag, _)| {
            let (found, texts) = texts_for(&Languages::parse(tag)).unwrap();
            assert_eq!(
                found, *tag,
                "the name of a file is a language tag in lower case"
            );
            (*tag, texts)
        })
    }

    #[test]
    fn each_language_has_all_texts_with_the_name_of_the_app() {
        assert!(all().any(|(tag, _)| tag == FALLBACK));
        for (tag, texts) in all() {
            for text in [
                &texts.verify,
                &texts.sign_up,
                &texts.account_exists,
                &texts.reset,
                &texts.receipt,
            ] {
                assert!(text.subject.contains("{app}"), "{tag}: {text:?}");
                assert!(
                    !text.before.is_empty() && !text.after.is_empty(),
                    "{tag}: {text:?}"
                );
                let words = text
                    .before
                    .iter()
                    .chain(&text.after)
                    .chain([&text.subject, &text.link]);
                for words in words {
                    let mut rest = words.replace("{app}", "");
                    if std::ptr::eq(text, &raw const texts.receipt) {
                        for word in ["{title}", "{price}", "{order}", "{date}"] {
                            rest = rest.replace(word, "");
                        }
                    }
                    assert!(!words.trim().is_empty(), "{tag}: {text:?}");
                    assert!(!rest.contains(['{', '}', '<', '>', '\n']), "{tag}: {words}");
                }
            }
        }
    }

    #[test]
    fn no_language_repeats_the_texts_of_another() {
        let subjects = all().map(|(_, texts)| texts.reset.subject);
        let distinct: std::collections::BTreeSet<_> = subjects.collect();
        assert_eq!(distinct.len(), FILES.len());
    }

    #[test]
    fn unknown_languages_get_english() {
        for header in ["", "tlh", "*", "x-klingon;q=1"] {
            assert_eq!(
                texts_for(&Languages::parse(header)).unwrap().0,
                "en",
                "{header}"
            );
        }
        assert_eq!(texts_for(&Languages::parse("de-CH, en")).unwrap().0, "de");
    }
}
