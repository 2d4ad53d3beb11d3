//! Data that outlives a version: local data of earlier versions, and `cloakroom migrate`.

mod old_data;
