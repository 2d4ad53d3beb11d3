use super::{State, Upload};

/// What S3 holds under the key of an upload, newest first as S3 lists it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Contents {
    /// The versions of the object.
    pub versions: Vec<StoredVersion>,
    /// The ids of the delete markers.
    pub markers: Vec<String>,
    /// Whether a delete marker is on top of everything.
    pub is_hidden: bool,
}

/// One version of an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StoredVersion {
    /// S3's id of the version.
    pub id: String,
    /// Bytes.
    pub size: u64,
}

/// What S3 has to hold under the key of an upload.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DesiredContents {
    /// Nothing: no version, no delete marker, no part.
    Nothing,
    /// This version, as the current one.
    Shown(String),
    /// This version, under a delete marker.
    Hidden(String),
}

/// A request to S3.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Action {
    /// Deletes a version or a delete marker for good.
    Delete(String),
    /// Puts a delete marker on top.
    Hide,
}

/// The requests that make S3 hold the desired contents.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Plan {
    /// Requests to send, in this order.
    pub actions: Vec<Action>,
    /// Bytes of versions that are deleted and belong to no file.
    pub surplus: u64,
    /// Whether S3 then holds the desired contents; if not, list again and make another plan.
    pub is_complete: bool,
}

impl Upload {
    /// What S3 has to hold; `None` while the upload is pending, when S3 may hold anything that was announced.
    #[must_use]
    pub fn desired_contents(&self) -> Option<DesiredContents> {
        match &self.state {
            State::Pending => None,
            State::Stored(file) | State::Restoring { file, .. } => {
                Some(DesiredContents::Shown(file.version_id.clone()))
            }
            State::Kept { file, .. } => Some(DesiredContents::Hidden(file.version_id.clone())),
            State::Purging { .. } | State::Gone { .. } => Some(DesiredContents::Nothing),
        }
    }
}

impl Upload {
    /// Whether a version under the key belongs to no file, and so has to be deleted.
    #[must_use]
    pub fn is_surplus(&self, version_id: &str) -> bool {
        match self.desired_contents() {
            None => false,
            Some(wanted) => wanted.version() != Some(version_id),
        }
    }
}

impl DesiredContents {
    /// The version that stays.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        match self {
            Self::Nothing => None,
            Self::Shown(version) | Self::Hidden(version) => Some(version),
        }
    }
}

impl Contents {
    /// Whether this version is there.
    #[must_use]
    pub fn has(&self, version_id: &str) -> bool {
        self.versions.iter().any(|version| version.id == version_id)
    }

    /// The requests that make S3 hold the desired contents. Versions and markers are deleted by their ids, so a plan that is carried out
    /// late deletes nothing that is newer than it.
    #[must_use]
    pub fn plan(&self, wanted: &DesiredContents) -> Plan {
        let stays = |id: &str| wanted.version() == Some(id);
        let surplus: Vec<_> = self
            .versions
            .iter()
            .filter(|version| !stays(&version.id))
            .collect();
        let mut actions: Vec<_> = surplus
            .iter()
            .map(|version| Action::Delete(version.id.clone()))
            .collect();
        let mut is_complete = true;
        match wanted {
            DesiredContents::Nothing | DesiredContents::Shown(_) => {
                actions.extend(self.markers.iter().cloned().map(Action::Delete));
            }
            DesiredContents::Hidden(version) if self.is_hidden || !self.has(version) => {}
            DesiredContents::Hidden(version) => {
                let is_on_top = self
                    .versions
                    .first()
                    .is_some_and(|first| first.id == *version);
                if is_on_top || self.markers.is_empty() {
                    actions.push(Action::Hide);
                } else {
                    // A marker may be next below the versions that are deleted.
                    is_complete = false;
                }
            }
        }
        Plan {
            actions,
            surplus: surplus.iter().map(|version| version.size).sum(),
            is_complete,
        }
    }
}
