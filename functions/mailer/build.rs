//! Lists the files of the languages, so that a language is a file and nothing else.

use std::{env, fmt::Write as _, fs, io, path::Path};

const FOLDER: &str = "languages";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={FOLDER}");
    let root = env::current_dir()?.join(FOLDER);
    let mut names = Vec::new();
    for entry in fs::read_dir(&root)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(".json").map(str::to_owned));
    }
    names.sort();
    let mut list = String::from("&[\n");
    for name in names {
        let path = root.join(format!("{name}.json"));
        let path = path.to_string_lossy();
        let _ = writeln!(list, "    ({name:?}, include_str!({path:?})),");
    }
    list.push(']');
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("languages.rs"), list)
}
