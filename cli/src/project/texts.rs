//! The texts of a new project, and what changes in the files of the checkout.

/// What git ignores in a project.
pub const IGNORED: &str = ".cloakroom/\n.aws-sam/\n";

/// The sections of samconfig.toml that a project keeps begin here; those above build from source code.
const STAGES: &str = "[dev.global.parameters]";

const SAMCONFIG: &str = "\
# Deploy with `sam deploy --config-env dev|qa|prod`. Without --config-env, sam reads [default], which has no deployment
# parameters, so that a forgotten option does not deploy to a stage.
version = 0.1

[default.validate.parameters]
lint = true

";

/// Returns the template without the lines that build the functions from source code.
pub fn template(text: &str) -> String {
    let mut lines = text.lines().peekable();
    let mut kept = vec![format!(
        "# Written by `cloakroom new`, version {}. Comments about docs/ and ci/ are about Cloakroom's own repository.",
        env!("CARGO_PKG_VERSION")
    )];
    while let Some(line) = lines.next() {
        let builds = |next: &&str| next.trim_start().starts_with("BuildMethod:");
        if line.trim() == "Metadata:" && lines.peek().is_some_and(builds) {
            // BuildMethod and BuildProperties.
            lines.nth(1);
        } else {
            kept.push(line.to_owned());
        }
    }
    kept.join("\n") + "\n"
}

/// Returns samconfig.toml without the sections that build from source code.
pub fn samconfig(text: &str) -> String {
    let stages = text.find(STAGES).map_or("", |start| &text[start..]);
    format!("{SAMCONFIG}{stages}")
}

/// Returns README.md.
pub fn readme(has_functions: bool) -> String {
    let deploy = if has_functions { DEPLOY } else { NO_FUNCTIONS };
    README.replace("{deploy}", deploy)
}

const README: &str = include_str!("readme.md");

const DEPLOY: &str = include_str!("deploy.md");

const NO_FUNCTIONS: &str = "\
The `cloakroom` that wrote this folder was built from source code and carries no functions for Lambda. To deploy, write the
project with a released `cloakroom`, or deploy from a checkout of Cloakroom.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_projects_template_builds_nothing() {
        let original = include_str!("../../../template.yaml");
        let text = template(original);
        assert_eq!(
            original.matches("BuildMethod").count(),
            crate::function::COUNT
        );
        assert!(!text.contains("BuildMethod") && !text.contains("BuildProperties"));
        // Three lines less for each function, one more at the top.
        let lines = |text: &str| text.lines().count();
        assert_eq!(
            lines(&text),
            lines(original) - 3 * crate::function::COUNT + 1
        );
    }

    #[test]
    fn a_projects_configuration_has_the_stages_and_builds_nothing() {
        let text = samconfig(include_str!("../../../samconfig.toml"));
        for stage in ["dev", "qa", "prod"] {
            assert!(
                text.contains(&format!("[{stage}.deploy.parameters]")),
                "{stage}"
            );
        }
        assert!(
            !text.contains("build.parameters") && !text.contains("events/"),
            "{text}"
        );
    }
}
