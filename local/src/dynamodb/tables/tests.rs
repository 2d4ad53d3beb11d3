use std::{cell::RefCell, collections::BTreeMap, fs, path::PathBuf};

use sam_template::Template;
use tempfile::TempDir;

use super::*;

const BY_ID: &str = "[{AttributeName: id, KeyType: HASH}]";
const BY_OWNER: &str =
    "[{AttributeName: owner, KeyType: HASH}, {AttributeName: id, KeyType: RANGE}]";
const LISTING: &str = "[{IndexName: listing, KeySchema: [{AttributeName: owner, KeyType: HASH}], \
                       Projection: {ProjectionType: ALL}}]";
const NEWEST: &str = "[{IndexName: listing, KeySchema: [{AttributeName: owner, KeyType: HASH}, \
                      {AttributeName: id, KeyType: RANGE}], Projection: {ProjectionType: KEYS_ONLY}}]";

fn tables(policy: &str, keys: &str, indexes: &str) -> Vec<Table> {
    let owner = if format!("{keys}{indexes}").contains("owner") {
        ", {AttributeName: owner, AttributeType: S}"
    } else {
        ""
    };
    let text = format!(
        "
Resources:
  Files:
    Type: AWS::DynamoDB::Table
    UpdateReplacePolicy: {policy}
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{{AttributeName: id, AttributeType: S}}{owner}]
      KeySchema: {keys}
      GlobalSecondaryIndexes: {indexes}
      TimeToLiveSpecification: {{AttributeName: expires_at, Enabled: true}}
"
    );
    let text = text.replace("      GlobalSecondaryIndexes: \n", "");
    Template::parse(&text, &BTreeMap::new())
        .unwrap()
        .tables()
        .unwrap()
}

struct Data {
    database: Database,
    dir: TempDir,
}

impl Data {
    fn new() -> Self {
        Self {
            database: Database::memory().unwrap(),
            dir: tempfile::tempdir().unwrap(),
        }
    }

    fn folder(&self) -> PathBuf {
        self.dir.path().join("replaced-tables")
    }

    fn prepare(&self, tables: &[Table]) -> Result<Vec<Change>, TableError> {
        let reported = RefCell::new(Vec::new());
        let folder = self.folder();
        let changes = Changes {
            saved: Some(&folder),
            consequences: &[("Files", "files are found again after an upload")],
            report: &|change| reported.borrow_mut().push(change),
        };
        prepare(&self.database, tables, &changes)?;
        Ok(reported.into_inner())
    }

    fn put(&self, id: &str, owner: &str) {
        let item = json!({"id": {"S": id}, "owner": {"S": owner}});
        let put = json!({"TableName": "sam-app-Files", "Item": item});
        self.database.put_item(request(put).unwrap()).unwrap();
    }

    fn query(&self, index: &str, owner: &str) -> Result<usize, DynoxideError> {
        let query = json!({
            "TableName": "sam-app-Files", "IndexName": index, "KeyConditionExpression": "#o = :o",
            "ExpressionAttributeNames": {"#o": "owner"}, "ExpressionAttributeValues": {":o": {"S": owner}},
        });
        let found = self.database.query(request(query).unwrap())?;
        let found = serde_json::to_value(found).unwrap();
        Ok(found["Items"].as_array().unwrap().len())
    }

    fn count(&self) -> usize {
        let scan = request(json!({"TableName": "sam-app-Files"})).unwrap();
        let found = serde_json::to_value(self.database.scan(scan).unwrap()).unwrap();
        found["Items"].as_array().unwrap().len()
    }

    /// The items in the files of the folder, by file name.
    fn saved(&self) -> Vec<(String, usize)> {
        let entries = fs::read_dir(self.folder()).into_iter().flatten();
        let mut files: Vec<_> = entries
            .map(|entry| {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                (name, fs::read_to_string(path).unwrap().lines().count())
            })
            .collect();
        files.sort();
        files
    }
}

#[test]
fn tables_are_created_once() {
    let data = Data::new();
    for _ in 0..2 {
        assert_eq!(data.prepare(&tables("Retain", BY_ID, LISTING)).unwrap(), []);
    }
    let described = describe(&data.database, &tables("Retain", BY_ID, LISTING)[0]);
    assert_eq!(described.unwrap().unwrap()["TableStatus"], "ACTIVE");
}

#[test]
fn a_new_index_has_the_existing_items_and_a_removed_one_is_gone() {
    let data = Data::new();
    data.prepare(&tables("Retain", BY_ID, "")).unwrap();
    data.put("a", "ada");
    data.put("b", "ada");
    let added = data.prepare(&tables("Retain", BY_ID, LISTING)).unwrap();
    assert_eq!(
        added,
        [Change::Safe(
            "sam-app-Files: added the index listing".to_owned()
        )]
    );
    assert_eq!(data.query("listing", "ada").unwrap(), 2);

    let changed = data.prepare(&tables("Retain", BY_ID, NEWEST)).unwrap();
    assert_eq!(changed.len(), 2, "{changed:?}");
    assert_eq!(data.query("listing", "ada").unwrap(), 2);
    assert_eq!(data.prepare(&tables("Retain", BY_ID, NEWEST)).unwrap(), []);

    data.prepare(&tables("Retain", BY_ID, "")).unwrap();
    data.query("listing", "ada").unwrap_err();
    assert_eq!(data.count(), 2);
}

#[test]
fn other_keys_replace_the_table_and_its_items_are_in_a_file() {
    let data = Data::new();
    data.prepare(&tables("Delete", BY_ID, LISTING)).unwrap();
    // More than a page.
    for number in 0..1001 {
        data.put(&number.to_string(), "ada");
    }
    let changes = data.prepare(&tables("Delete", BY_OWNER, "")).unwrap();
    let file = data.folder().join("sam-app-Files.jsonl");
    let text = format!(
        "sam-app-Files has other keys than in the template. As in a stack, an empty table replaces it: files are found again \
         after an upload. Its items (1001) are in {}",
        file.display()
    );
    assert_eq!(changes, [Change::Replaced(text)]);
    assert_eq!(data.count(), 0);
    assert_eq!(data.saved(), [("sam-app-Files.jsonl".to_owned(), 1001)]);
    let first: Value =
        serde_json::from_str(fs::read_to_string(file).unwrap().lines().next().unwrap()).unwrap();
    assert_eq!(first["owner"]["S"], "ada");
    assert_eq!(
        data.prepare(&tables("Delete", BY_OWNER, "")).unwrap(),
        [],
        "once"
    );
}

#[test]
fn a_table_that_is_kept_is_not_replaced() {
    let data = Data::new();
    data.prepare(&tables("Retain", BY_ID, LISTING)).unwrap();
    data.put("a", "ada");
    let error = data.prepare(&tables("Retain", BY_OWNER, "")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "table sam-app-Files has other keys than in the template, and it may not be replaced (UpdateReplacePolicy: Retain): \
         its items would be lost. Undo the change of the keys, give the new keys to a new table, or choose another --data-dir"
    );
    assert_eq!(data.count(), 1);
    data.prepare(&tables("Retain", BY_ID, LISTING)).unwrap();
}

/// A start that is killed leaves one of these states, and the next start completes it.
#[test]
fn an_interrupted_replacement_is_completed_and_loses_nothing() {
    let old = tables("Delete", BY_ID, "");
    let new = tables("Delete", BY_OWNER, "");

    // Killed while it wrote the file.
    let data = Data::new();
    data.prepare(&old).unwrap();
    data.put("a", "ada");
    fs::create_dir_all(data.folder()).unwrap();
    fs::write(data.folder().join("sam-app-Files.new"), "{\"id\"").unwrap();
    data.prepare(&new).unwrap();
    assert_eq!(data.saved(), [("sam-app-Files.jsonl".to_owned(), 1)]);

    // Killed after the file was complete: there are two copies.
    let data = Data::new();
    data.prepare(&old).unwrap();
    data.put("a", "ada");
    replace::save(&data.database, &new[0], &data.folder()).unwrap();
    data.prepare(&new).unwrap();
    let copies = ["sam-app-Files-2.jsonl", "sam-app-Files.jsonl"];
    assert_eq!(data.saved(), copies.map(|name| (name.to_owned(), 1)));

    // Killed after the table was deleted.
    let data = Data::new();
    data.prepare(&old).unwrap();
    data.put("a", "ada");
    replace::save(&data.database, &new[0], &data.folder()).unwrap();
    replace::delete(&data.database, &new[0]).unwrap();
    data.prepare(&new).unwrap();
    assert_eq!((data.count(), data.saved().len()), (0, 1));
}

#[test]
fn items_that_cannot_be_saved_are_not_deleted() {
    let data = Data::new();
    data.prepare(&tables("Delete", BY_ID, "")).unwrap();
    data.put("a", "ada");
    fs::write(data.folder(), "a file in place of the folder").unwrap();
    let error = data.prepare(&tables("Delete", BY_OWNER, "")).unwrap_err();
    assert!(
        error.to_string().ends_with("Nothing was changed"),
        "{error}"
    );
    assert_eq!(data.count(), 1);
}

#[test]
fn a_stream_is_enabled_changed_and_disabled() {
    let data = Data::new();
    let of = |view: Option<&str>| {
        let mut tables = tables("Retain", BY_ID, "");
        if let Some(view) = view {
            let specification = json!({"StreamEnabled": true, "StreamViewType": view});
            tables[0].create["StreamSpecification"] = specification;
        }
        tables
    };
    assert_eq!(data.prepare(&of(None)).unwrap(), []);
    for (view, expected) in [
        (Some("NEW_IMAGE"), "enabled the stream (NEW_IMAGE)"),
        (
            Some("NEW_AND_OLD_IMAGES"),
            "enabled the stream (NEW_AND_OLD_IMAGES)",
        ),
        (None, "disabled the stream"),
        (Some("NEW_IMAGE"), "enabled the stream (NEW_IMAGE)"),
    ] {
        let changes = data.prepare(&of(view)).unwrap();
        let text = format!("sam-app-Files: {expected}");
        assert_eq!(changes, [Change::Safe(text)]);
        assert_eq!(
            data.prepare(&of(view)).unwrap(),
            [],
            "nothing is left to do"
        );
    }
}
