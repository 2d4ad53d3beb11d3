//! Generates the table of all paths and methods from template.yaml, for the responses to unmatched requests.

use std::{collections::BTreeMap, env, fs, path::Path};

use sam_template::Template;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let template = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../template.yaml");
    println!("cargo::rerun-if-changed={}", template.display());
    println!("cargo::rerun-if-changed=build.rs");
    let template = Template::parse(&fs::read_to_string(template)?, &BTreeMap::new())?;
    let mut routes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for route in template
        .routes()?
        .into_iter()
        .filter(|route| !route.is_default)
    {
        routes.entry(route.path).or_default().push(route.method);
    }
    let table: Vec<_> = routes.iter().collect();
    let table = format!("&{table:?}").replace("[\"", "&[\"");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("routes.rs"), table)?;
    Ok(())
}
