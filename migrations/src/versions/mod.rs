//! The migrations, one file each. `cloakroom migrate new NAME` adds the next one.

mod m0001_read_grants_received_at;
mod m0002_users_names;
// The next module goes here.

use crate::Migration;

/// Returns all migrations, in order.
#[must_use]
pub fn all() -> Vec<Migration> {
    vec![
        m0001_read_grants_received_at::migration(),
        m0002_users_names::migration(),
        // The next migration goes here.
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_in_order_and_unique() {
        let all = all();
        let numbers: Vec<_> = all.iter().map(|it| it.number).collect();
        let expected: Vec<_> = (1..=u32::try_from(all.len()).unwrap()).collect();
        assert_eq!(numbers, expected);
        let mut names: Vec<_> = all.iter().map(|it| it.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all.len());
    }

    #[test]
    fn the_number_and_the_name_are_those_of_the_file() {
        for migration in all() {
            let file = format!(
                "{}/src/versions/m{}.rs",
                env!("CARGO_MANIFEST_DIR"),
                migration.title()
            );
            assert!(std::path::Path::new(&file).is_file(), "{file}");
        }
    }
}
