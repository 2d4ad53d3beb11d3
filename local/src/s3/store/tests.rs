use std::fs;

use super::*;

fn config(versioned: bool) -> Bucket {
    Bucket {
        logical_id: "Files".to_owned(),
        name: "files".to_owned(),
        versioned,
        object_lock: versioned,
        events: false,
        cors: Vec::new(),
    }
}

fn object(store: &Store, contents: &str) -> Object {
    let file = Uuid::new_v4().simple().to_string();
    fs::write(store.data().join(&file), contents).unwrap();
    let size = contents.len() as u64;
    Object {
        size,
        etag: contents.to_owned(),
        segments: vec![Segment { file, size }],
        headers: ObjectHeaders::default(),
        checksum: None,
        parts: None,
        retention: None,
        legal_hold: false,
    }
}

fn put(store: &Store, key: &str, contents: &str) -> Arc<Version> {
    let object = object(store, contents);
    store
        .insert(key, object, Vec::new(), &WriteCondition::default())
        .unwrap()
}

fn files(directory: &Path) -> usize {
    fs::read_dir(directory).unwrap().count()
}

#[test]
fn a_bucket_is_complete_after_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let open = || Store::open(dir.path(), config(true), Clock::system()).unwrap();
    let store = open();
    put(&store, "a", "1");
    let current = put(&store, "a", "2");
    put(&store, "a/b/../../etc", "3");
    // Leftovers of a kill: a data file without a record, and an incomplete record.
    fs::write(store.data().join("orphan"), "x").unwrap();
    fs::write(dir.path().join("versions/half.new"), "{").unwrap();
    drop(store);

    let store = open();
    assert_eq!(store.version("a", None).unwrap().id, current.id);
    assert_eq!(store.read(|keys| keys["a"].len()), 2);
    assert!(store.version("a/b/../../etc", None).is_some());
    assert_eq!(files(store.data()), 3);
    let next = put(&store, "b", "4");
    assert!(next.sequence > current.sequence);
}

#[test]
fn without_versioning_a_new_object_replaces_the_old_one() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), config(false), Clock::system()).unwrap();
    put(&store, "a", "1");
    let second = put(&store, "a", "2");
    assert_eq!(second.id, NULL_VERSION);
    assert_eq!(files(store.data()), 1);
    store.delete("a").unwrap();
    assert!(store.version("a", None).is_none());
    assert_eq!(files(store.data()), 0);
}

#[test]
fn a_delete_marker_hides_an_object_until_it_is_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), config(true), Clock::system()).unwrap();
    let first = put(&store, "a", "1");
    let marker = store.delete("a").unwrap();
    assert!(marker.is_marker);
    assert!(store.version("a", None).unwrap().object.is_none());
    let gone = store.delete_version("a", &marker.version_id.unwrap(), false);
    assert!(gone.unwrap().is_marker);
    assert_eq!(store.version("a", None).unwrap().id, first.id);
}
