//! Small PDF documents.

use std::fmt::Write as _;

/// The lines that fit on the page.
const MAX_LINES: usize = 40;
/// The characters that fit on a line.
const MAX_CHARS: usize = 90;

/// Writes a PDF of one page with a title and a text of ASCII characters (ISO 32000-1, annex H.3, has the minimal document).
pub(super) fn document(title: &str, text: &str) -> Vec<u8> {
    let mut lines = vec![format!(
        "BT /F1 18 Tf 50 780 Td ({}) Tj /F1 10 Tf",
        escape(title)
    )];
    for line in text.lines().take(MAX_LINES) {
        let line: String = line.chars().take(MAX_CHARS).collect();
        lines.push(format!("0 -16 Td ({}) Tj", escape(&line)));
    }
    lines.push("ET".to_owned());
    let page = lines.join("\n");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{page}\nendstream", page.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    with_cross_references(&objects).into_bytes()
}

fn with_cross_references(objects: &[String]) -> String {
    let mut file = "%PDF-1.4\n".to_owned();
    let mut references = Vec::new();
    for (number, object) in (1..).zip(objects) {
        references.push(format!("{:010} 00000 n \n", file.len()));
        // Writing to a string cannot fail.
        let _ = write!(file, "{number} 0 obj\n{object}\nendobj\n");
    }
    let references = references.concat();
    let (start, count) = (file.len(), objects.len() + 1);
    file + &format!(
        "xref\n0 {count}\n0000000000 65535 f \n{references}trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    )
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('(', "\\(")
        .replace(')', "\\)")
}
