//! Writes the files of a project. Each file appears as a whole, so an interrupted command can run again.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::carried::File;

/// Writes the files that are missing or different.
///
/// # Errors
/// When a file cannot be written.
pub fn replace(folder: &Path, files: &[File]) -> io::Result<()> {
    for file in files {
        if !is_written(folder, file)? {
            write(folder, file)?;
        }
    }
    Ok(())
}

/// Writes the files that are missing. If another file has the name of one, returns their names and writes nothing.
///
/// # Errors
/// When a file cannot be read or written.
pub fn add(folder: &Path, files: &[File]) -> io::Result<Vec<PathBuf>> {
    let mut missing = Vec::new();
    let mut others = Vec::new();
    for file in files {
        if is_written(folder, file)? {
            continue;
        }
        match folder.join(&file.path).symlink_metadata() {
            Ok(_) => others.push(file.path.clone()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(file),
            Err(error) => return Err(error),
        }
    }
    if others.is_empty() {
        missing.iter().try_for_each(|file| write(folder, file))?;
    }
    Ok(others)
}

/// Whether the file is there with the same contents.
fn is_written(folder: &Path, file: &File) -> io::Result<bool> {
    match fs::read(folder.join(&file.path)) {
        Ok(contents) => Ok(contents == file.contents),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::IsADirectory => Ok(false),
            _ => Err(error),
        },
    }
}

fn write(folder: &Path, file: &File) -> io::Result<()> {
    let path = folder.join(&file.path);
    let parent = path.parent().unwrap_or(folder);
    fs::create_dir_all(parent)?;
    let mut temporary = tempfile::NamedTempFile::new_in(parent)?;
    io::Write::write_all(&mut temporary, &file.contents)?;
    set_mode(temporary.as_file(), file.is_executable)?;
    temporary.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

/// Readable by all, as for files that an editor creates; a temporary file is not.
#[cfg(unix)]
fn set_mode(file: &fs::File, is_executable: bool) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = if is_executable { 0o755 } else { 0o644 };
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_file: &fs::File, _is_executable: bool) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, contents: &str) -> File {
        File {
            path: path.into(),
            contents: contents.into(),
            is_executable: Path::new(path).extension().is_some_and(|end| end == "sh"),
        }
    }

    #[test]
    fn missing_files_are_added_and_others_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let files = [file("a/b.txt", "one"), file("c.sh", "two")];
        fs::write(folder.path().join("c.sh"), "two").unwrap();
        assert_eq!(add(folder.path(), &files).unwrap(), Vec::<PathBuf>::new());
        let read = |path: &str| fs::read_to_string(folder.path().join(path)).unwrap();
        assert_eq!(read("a/b.txt"), "one");

        let changed = [file("a/b.txt", "three"), file("d.txt", "four")];
        let others = add(folder.path(), &changed).unwrap();
        assert_eq!(others, [PathBuf::from("a/b.txt")]);
        assert_eq!(read("a/b.txt"), "one");
        assert!(!folder.path().join("d.txt").exists());
    }

    #[cfg(unix)]
    #[test]
    fn files_have_the_modes_of_their_kind() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        replace(folder.path(), &[file("a.txt", ""), file("b.sh", "")]).unwrap();
        let mode = |path: &str| {
            folder
                .path()
                .join(path)
                .metadata()
                .unwrap()
                .permissions()
                .mode()
                & 0o777
        };
        assert_eq!((mode("a.txt"), mode("b.sh")), (0o644, 0o755));
    }

    #[test]
    fn replaced_files_are_those_of_the_command() {
        let folder = tempfile::tempdir().unwrap();
        replace(folder.path(), &[file("a.txt", "one")]).unwrap();
        replace(folder.path(), &[file("a.txt", "two")]).unwrap();
        assert_eq!(
            fs::read_to_string(folder.path().join("a.txt")).unwrap(),
            "two"
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
