//! Packs the files that the command carries, so that it runs without a checkout: those of a project, and the functions for
//! Lambda.
//!
//! `CLOAKROOM_FUNCTIONS` names the archive of the functions that `ci/release/pack_functions.py` writes. Without it, the command
//! carries none.

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// The script that deploys the page and lists its files.
const DEPLOY: &str = "web/deploy.sh";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-env-changed=CLOAKROOM_FUNCTIONS");
    let out = PathBuf::from(required("OUT_DIR")?);
    let root = Path::new(&required("CARGO_MANIFEST_DIR")?).join("..");
    let project = fs::File::create(out.join("project.tar"))?;
    pack(&root, project)?.sync_all()?;
    let functions = match env::var_os("CLOAKROOM_FUNCTIONS") {
        Some(archive) => {
            println!("cargo::rerun-if-changed={}", archive.display());
            fs::read(archive)?
        }
        None => Vec::new(),
    };
    fs::write(out.join("functions.tar.xz"), functions)
}

fn required(name: &str) -> io::Result<String> {
    env::var(name).map_err(|error| io::Error::other(format!("{name}: {error}")))
}

/// Packs the files of a project.
fn pack<W: Write>(root: &Path, archive: W) -> io::Result<W> {
    let mut archive = tar::Builder::new(archive);
    // The same files make the same archive.
    archive.mode(tar::HeaderMode::Deterministic);
    for name in ["template.yaml", "samconfig.toml", DEPLOY] {
        add(&mut archive, root, name)?;
    }
    for name in page(&fs::read_to_string(root.join(DEPLOY))?)? {
        add(&mut archive, root, &format!("web/{name}"))?;
    }
    archive.into_inner()
}

fn add<W: Write>(archive: &mut tar::Builder<W>, root: &Path, name: &str) -> io::Result<()> {
    let path = root.join(name);
    println!("cargo::rerun-if-changed={}", path.display());
    if path.is_dir() {
        archive.append_dir_all(name, path)
    } else {
        archive.append_path_with_name(path, name)
    }
}

/// The files and folders of the page, as the script lists them: `FILES=(index.html demo.js …)`.
fn page(script: &str) -> io::Result<Vec<&str>> {
    let list = script.lines().find_map(|line| line.strip_prefix("FILES=("));
    let list = list.and_then(|list| list.strip_suffix(')'));
    let list = list.ok_or_else(|| io::Error::other(format!("{DEPLOY} has no line FILES=(…)")))?;
    Ok(list.split(' ').collect())
}
