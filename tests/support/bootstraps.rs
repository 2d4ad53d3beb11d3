use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

/// Writes an executable for each function, for `--bootstraps`. Each sets these variables, like the URLs of the engines, in
/// place of the system's; a variable with an empty value is unset.
pub fn write_bootstraps(dir: &Path, variables: &[(&str, &str)]) {
    let exports: String = variables
        .iter()
        .map(|(name, value)| match *value {
            "" => format!("unset {name}\n"),
            value => format!("export {name}='{value}'\n"),
        })
        .collect();
    for name in [
        "account",
        "admin",
        "event-relay",
        "export",
        "keys",
        "library",
        "mail-feedback",
        "mailer",
        "orders",
        "products",
        "recovery",
        "session",
        "signin",
        "signup",
        "upload-events",
        "upload-grants",
        "upload-locks",
        "uploads",
        "users",
        "webhook-deliver",
        "webhooks",
    ] {
        let script = format!(
            "#!/bin/sh\n{exports}exec '{}' function {name}\n",
            env!("CARGO_BIN_EXE_cloakroom")
        );
        let path = dir.join(name).join("bootstrap");
        fs::create_dir(path.parent().unwrap()).unwrap();
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    }
}
