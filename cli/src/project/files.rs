//! The files of a new project.

use std::{io, path::Path};

use super::{
    carried::{self, File},
    texts,
};

/// The files of a new project.
#[derive(Debug)]
pub struct Project {
    pub files: Vec<File>,
    /// Whether the functions for Lambda are among them.
    pub has_functions: bool,
}

/// The files of a new project.
///
/// # Errors
/// When this executable is damaged.
pub fn project() -> io::Result<Project> {
    let functions = carried::functions()?;
    let has_functions = !functions.is_empty();
    let mut files = carried::project()?;
    for file in &mut files {
        adapt(file)?;
    }
    let readme = texts::readme(has_functions);
    files.extend([
        text("README.md", readme),
        text(".gitignore", texts::IGNORED.to_owned()),
    ]);
    files.extend(functions);
    Ok(Project {
        files,
        has_functions,
    })
}

/// Changes a file of the checkout into that of a project, which has no source code.
fn adapt(file: &mut File) -> io::Result<()> {
    let change = match file.path.to_str() {
        Some("template.yaml") => texts::template,
        Some("samconfig.toml") => texts::samconfig,
        _ => return Ok(()),
    };
    let contents = String::from_utf8(std::mem::take(&mut file.contents));
    let contents = contents.map_err(|error| io::Error::other(error.to_string()))?;
    file.contents = change(&contents).into_bytes();
    Ok(())
}

fn text(name: &str, contents: String) -> File {
    File {
        path: Path::new(name).to_owned(),
        contents: contents.into_bytes(),
        is_executable: false,
    }
}
