//! Writes the file of a new migration.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::migration::title;

/// The folder of the versions in a checkout.
const VERSIONS: &str = "migrations/src/versions";
/// A migration that compiles, with the number and the name that are replaced.
const TEMPLATE: &str = include_str!("template.rs");
/// The lines of the list before which the next migration goes.
const MODULES_END: &str = "// The next module goes here.\n";
const LIST_END: &str = "        // The next migration goes here.\n";

/// A file that was written.
#[derive(Debug, PartialEq, Eq)]
pub struct Created {
    /// The file of the migration.
    pub file: PathBuf,
    /// The number and the name.
    pub title: String,
}

/// Why no file was written.
#[derive(Debug, thiserror::Error)]
pub enum NewError {
    /// The command does not run in a checkout.
    #[error(
        "there is no {VERSIONS} in {0} or a folder above it. Migrations are part of the source: run the command in a checkout"
    )]
    NoCheckout(String),
    /// The name is not a word in snake case.
    #[error(
        "{0:?} is not a name for a migration. Use lower-case letters, digits and _, beginning with a letter, for example add_colour"
    )]
    InvalidName(String),
    /// A migration has the name already.
    #[error("{0} has this name already")]
    NameTaken(String),
    /// The list has no place for the next migration.
    #[error("{0} has no line {1:?}, before which the next migration goes")]
    NoPlace(String, &'static str),
    /// A file cannot be read or written.
    #[error("{0}: {1}")]
    Io(String, io::Error),
}

/// Writes the next migration, and adds it to the list. `start` is a folder in a checkout.
///
/// # Errors
/// When `start` is not in a checkout, or the name is invalid or taken.
pub fn create(start: &Path, name: &str) -> Result<Created, NewError> {
    if !is_name(name) {
        return Err(NewError::InvalidName(name.to_owned()));
    }
    let folder = start.ancestors().map(|folder| folder.join(VERSIONS));
    let folder = { folder }.find(|folder| folder.join("mod.rs").is_file());
    let folder = folder.ok_or_else(|| NewError::NoCheckout(start.display().to_string()))?;
    let list = folder.join("mod.rs");
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |error| NewError::Io(path, error)
    };
    let modules = modules(&folder).map_err(failed(&folder))?;
    if let Some(taken) = modules.iter().find(|module| module.1 == name) {
        return Err(NewError::NameTaken(title(taken.0, name)));
    }
    let number = modules.iter().map(|module| module.0).max().unwrap_or(0) + 1;
    let module = format!("m{}", title(number, name));
    let text = fs::read_to_string(&list).map_err(failed(&list))?;
    let text = insert(&text, &list, MODULES_END, &format!("mod {module};\n"))?;
    let entry = format!("        {module}::migration(),\n");
    let text = insert(&text, &list, LIST_END, &entry)?;
    let file = folder.join(format!("{module}.rs"));
    // The list is written last: the file of an interrupted command is not compiled.
    fs::write(&file, contents(number, name)).map_err(failed(&file))?;
    fs::write(&list, text).map_err(failed(&list))?;
    Ok(Created {
        file,
        title: title(number, name),
    })
}

fn is_name(name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(is_word)
        && name.len() <= 60
}

/// Returns the numbers and names of the files in the folder.
fn modules(folder: &Path) -> io::Result<Vec<(u32, String)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let file = entry?.file_name().to_string_lossy().into_owned();
        let module = file.strip_suffix(".rs").and_then(|it| it.strip_prefix('m'));
        if let Some((number, name)) = module.and_then(|module| module.split_once('_'))
            && let Ok(number) = number.parse()
        {
            found.push((number, name.to_owned()));
        }
    }
    Ok(found)
}

fn insert(text: &str, file: &Path, before: &'static str, line: &str) -> Result<String, NewError> {
    if !text.contains(before) {
        return Err(NewError::NoPlace(file.display().to_string(), before.trim()));
    }
    Ok(text.replacen(before, &format!("{line}{before}"), 1))
}

fn contents(number: u32, name: &str) -> String {
    TEMPLATE
        .replace("number: 0,", &format!("number: {number},"))
        .replace("\"name\"", &format!("\"{name}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkout() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join(VERSIONS);
        fs::create_dir_all(&folder).unwrap();
        let list = concat!(env!("CARGO_MANIFEST_DIR"), "/src/versions");
        for entry in fs::read_dir(list).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
        }
        dir
    }

    #[test]
    fn the_next_migration_is_written_and_listed() {
        let dir = checkout();
        let deep = dir.path().join("cli/src");
        fs::create_dir_all(&deep).unwrap();
        let next = crate::versions::all().len() + 1;
        for (number, name) in [(next, "add_colour"), (next + 1, "add_size2")] {
            let created = create(&deep, name).unwrap();
            assert_eq!(created.title, format!("{number:04}_{name}"));
            let text = fs::read_to_string(&created.file).unwrap();
            // It differs from the template, which is compiled with the tests, in two values alone.
            let expected = TEMPLATE
                .replace("number: 0,", &format!("number: {number},"))
                .replace("name: \"name\",", &format!("name: \"{name}\","));
            assert_eq!(text, expected);
        }
        let list = fs::read_to_string(dir.path().join(VERSIONS).join("mod.rs")).unwrap();
        assert!(
            list.contains(&format!(
                "mod m{next:04}_add_colour;\nmod m{:04}_add_size2;\n",
                next + 1
            )),
            "{list}"
        );
        let entries = format!(
            "        m{next:04}_add_colour::migration(),\n        m{:04}_add_size2::migration(),\n{LIST_END}",
            next + 1
        );
        assert!(list.contains(&entries), "{list}");
        let taken = create(&deep, "add_colour").unwrap_err().to_string();
        assert_eq!(taken, format!("{next:04}_add_colour has this name already"));
    }

    #[test]
    fn a_folder_that_is_no_checkout_and_a_wrong_name_are_errors() {
        let dir = tempfile::tempdir().unwrap();
        let error = create(dir.path(), "add_colour").unwrap_err().to_string();
        assert!(error.ends_with("run the command in a checkout"), "{error}");
        for name in ["", "Add", "1st", "add-colour", "../x", "a b", "é"] {
            let error = create(dir.path(), name).unwrap_err();
            assert!(matches!(error, NewError::InvalidName(_)), "{name}: {error}");
        }
    }
}
