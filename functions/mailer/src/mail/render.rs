//! Mails as text and as HTML. All styles are attributes of their elements, because some mail programs remove a style sheet, and
//! no mail loads anything. Text has the mail program's own light or dark colours (`Canvas`); only the link has others.

use super::{
    Mail,
    language::{Direction, Text},
};

const BODY: &str = "margin:0;padding:24px;background:Canvas;color:CanvasText;font:16px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif";
const COLUMN: &str = "max-width:34em;margin:0 auto";
const HEADING: &str = "font-size:22px;line-height:1.3";
const LINK: &str = "display:inline-block;padding:12px 20px;border-radius:8px;background:#1d4ed8;color:#ffffff;text-decoration:none";
const ADDRESS: &str = "font-size:14px;overflow-wrap:anywhere";

/// Writes a mail with these texts, in which `values` stand for words in braces. `language` is the tag and the direction of its
/// language.
pub fn render(
    language: (&str, Direction),
    text: &Text,
    values: &[(&str, String)],
    url: &str,
) -> Mail {
    let fill = |words: &String| {
        let replace = |words: String, (name, value): &(&str, String)| words.replace(name, value);
        values.iter().fold(words.clone(), replace)
    };
    let subject = fill(&text.subject);
    let [before, after] =
        [&text.before, &text.after].map(|lines| lines.iter().map(fill).collect::<Vec<_>>());
    Mail {
        text: plain(&before, url, &after),
        html: html(
            language,
            &subject,
            (&before, &after),
            (&fill(&text.link), url),
        ),
        subject,
    }
}

fn plain(before: &[String], url: &str, after: &[String]) -> String {
    let url = url.to_owned();
    let lines: Vec<_> = before
        .iter()
        .chain([&url])
        .chain(after)
        .map(String::as_str)
        .collect();
    lines.join("\n\n") + "\n"
}

fn html(
    (tag, dir): (&str, Direction),
    subject: &str,
    (before, after): (&[String], &[String]),
    (link, url): (&str, &str),
) -> String {
    let dir = match dir {
        Direction::Ltr => "ltr",
        Direction::Rtl => "rtl",
    };
    let paragraphs = |lines: &[String]| -> String {
        let lines = lines
            .iter()
            .map(|line| format!("<p>{}</p>\n", escape(line)));
        lines.collect()
    };
    let (subject, link, url) = (escape(subject), escape(link), escape(url));
    let (before, after) = (paragraphs(before), paragraphs(after));
    format!(
        r#"<!doctype html>
<html lang="{tag}" dir="{dir}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>{subject}</title>
</head>
<body style="{BODY}">
<main style="{COLUMN}">
<h1 style="{HEADING}">{subject}</h1>
{before}<p><a href="{url}" style="{LINK}">{link}</a></p>
<p dir="ltr" style="{ADDRESS}">{url}</p>
{after}</main>
</body>
</html>
"#
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
