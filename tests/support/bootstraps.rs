use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

/// Functions as executables of their own, for `--bootstraps`: they are told of other engines than the system's.
pub fn write_bootstraps(dir: &Path, dynamodb: &str, ssm: &str) {
    let variables = [
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb),
        ("AWS_ENDPOINT_URL_SSM", ssm),
    ];
    write_bootstraps_with(dir, &variables);
}

/// The same with any variables in place of those that the system sets; one without a value is not set at all.
pub fn write_bootstraps_with(dir: &Path, variables: &[(&str, &str)]) {
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
        "keys",
        "signin",
        "signup",
        "upload-events",
        "uploads",
        "users",
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
