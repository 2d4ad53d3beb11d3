use crate::upload::{Action, Contents, Object, StoredVersion};

/// What S3 holds under one key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct S3 {
    /// Newest first.
    entries: Vec<Entry>,
    /// Bytes of parts, while the multipart upload is open.
    pub parts: Option<u64>,
    next: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Entry {
    Version(String, u64),
    Marker(String),
}

impl S3 {
    fn new_id(&mut self) -> String {
        self.next += 1;
        format!("v{}", self.next)
    }

    /// Takes an object; the id of its version.
    pub fn put(&mut self, size: u64) -> String {
        let id = self.new_id();
        self.entries.insert(0, Entry::Version(id.clone(), size));
        id
    }

    /// Whether `If-None-Match: *` lets a PUT through.
    pub fn is_free(&self) -> bool {
        !matches!(self.entries.first(), Some(Entry::Version(..)))
    }

    pub fn head(&self, stored_at: time::OffsetDateTime) -> Option<Object> {
        match self.entries.first() {
            Some(Entry::Version(id, size)) => Some(Object {
                size: *size,
                sha256: None,
                version_id: id.clone(),
                stored_at,
            }),
            _ => None,
        }
    }

    pub fn list(&self) -> Contents {
        let mut contents = Contents {
            is_hidden: matches!(self.entries.first(), Some(Entry::Marker(_))),
            ..Contents::default()
        };
        for entry in &self.entries {
            match entry {
                Entry::Version(id, size) => contents.versions.push(StoredVersion {
                    id: id.clone(),
                    size: *size,
                }),
                Entry::Marker(id) => contents.markers.push(id.clone()),
            }
        }
        contents
    }

    pub fn act(&mut self, action: &Action) {
        match action {
            Action::Delete(deleted) => self.entries.retain(|entry| match entry {
                Entry::Version(id, _) | Entry::Marker(id) => id != deleted,
            }),
            Action::Hide => {
                let id = self.new_id();
                self.entries.insert(0, Entry::Marker(id));
            }
        }
    }

    pub fn bytes(&self) -> u64 {
        let versions = self.entries.iter().map(|entry| match entry {
            Entry::Version(_, size) => *size,
            Entry::Marker(_) => 0,
        });
        versions.sum::<u64>() + self.parts.unwrap_or_default()
    }

    /// Whether it holds no version and no part.
    pub fn is_empty(&self) -> bool {
        self.list().versions.is_empty() && self.parts.is_none()
    }

    /// The only version, and whether it is hidden.
    pub fn only(&self) -> Option<(&str, bool)> {
        let contents = self.entries.as_slice();
        let hidden = matches!(contents.first(), Some(Entry::Marker(_)));
        let mut versions = contents.iter().filter_map(|entry| match entry {
            Entry::Version(id, _) => Some(id.as_str()),
            Entry::Marker(_) => None,
        });
        match (versions.next(), versions.next()) {
            (Some(only), None) => Some((only, hidden)),
            _ => None,
        }
    }
}
