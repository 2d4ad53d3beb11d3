//! docs/LOGGING.md lists all metrics, with the texts of the code.

use metrics::Metric;

const DOCUMENT: &str = include_str!("../../docs/LOGGING.md");

#[test]
fn the_document_lists_the_metrics_of_the_code() {
    let (_, table) = DOCUMENT
        .split_once("| metric | unit | meaning |\n")
        .unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let rows: Vec<_> = table.lines().skip(1).map(str::to_owned).collect();
    let expected = Metric::ALL.map(|metric| {
        let unit = metric.unit().name().unwrap_or("none");
        let meaning = metric.meaning().trim();
        format!("| `{}` | {unit} | {meaning} |", metric.name())
    });
    assert_eq!(rows, expected);
}
