//! Reads the streams of the tables, which have one shard each.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html>

use dynoxide::{
    Database, DynoxideError,
    actions::{
        get_records::GetRecordsRequest, get_shard_iterator::GetShardIteratorRequest,
        list_streams::ListStreamsRequest,
    },
    streams::shard_id,
};
use rusqlite::Connection;
use sam_template::REGION;
use serde_json::Value;
use tokio::sync::watch;

/// An index of all records in the order of their sequence numbers. The expression is letter for letter that of the engine's queries;
/// otherwise `SQLite` does not use it.
const INDEX: &str = "create index if not exists stream_order
    on _stream_records (table_name, CAST(sequence_number AS INTEGER))";

/// Indexes the records of the streams. Without the index, the engine reads all records of a table's stream for each write, to find
/// the last sequence number: writes become slower with each record.
pub(super) fn index(address: &str) -> rusqlite::Result<()> {
    Connection::open(address)?.execute_batch(INDEX)
}

/// The streams of a database. Clones share the same database.
#[derive(Clone)]
pub(crate) struct Streams {
    database: Database,
    /// Counts operations that may have written.
    changes: watch::Sender<u64>,
}

impl Streams {
    pub(crate) fn of(database: Database) -> Self {
        Self {
            database,
            changes: watch::Sender::new(0),
        }
    }

    /// Notifies consumers that there may be new records.
    pub(crate) fn notify(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Returns a receiver that changes when there may be new records.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Returns how often there may have been new records.
    pub(crate) fn change_count(&self) -> u64 {
        *self.changes.borrow()
    }

    /// Reads at most `limit` records of a table's stream: those after the sequence number `after`, or from the start.
    pub(crate) async fn read(
        &self,
        table: &str,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<Value>, String> {
        let (database, table) = (self.database.clone(), table.to_owned());
        // The engine blocks.
        let read = move || records(&database, &table, after, limit);
        match tokio::task::spawn_blocking(read).await {
            Ok(records) => records.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn records(
    database: &Database,
    table: &str,
    after: Option<String>,
    limit: usize,
) -> Result<Vec<Value>, DynoxideError> {
    let streams = database.list_streams(ListStreamsRequest {
        table_name: Some(table.to_owned()),
        ..ListStreamsRequest::default()
    })?;
    let Some(stream) = streams.streams.into_iter().next() else {
        let message = format!("{table} has no stream");
        return Err(DynoxideError::ResourceNotFoundException(message));
    };
    let kind = match after {
        Some(_) => "AFTER_SEQUENCE_NUMBER",
        None => "TRIM_HORIZON",
    };
    let iterator = database.get_shard_iterator(GetShardIteratorRequest {
        stream_arn: stream.stream_arn,
        shard_id: shard_id(table),
        shard_iterator_type: kind.to_owned(),
        sequence_number: after,
    })?;
    let found = database.get_records(GetRecordsRequest {
        shard_iterator: iterator.shard_iterator.unwrap_or_default(),
        limit: Some(limit),
    })?;
    let records = serde_json::to_value(found.records)
        .map_err(|error| DynoxideError::InternalServerError(error.to_string()))?;
    let records = match records {
        Value::Array(records) => records,
        _ => Vec::new(),
    };
    Ok(records.into_iter().map(with_region).collect())
}

/// Replaces the engine's own region name.
fn with_region(mut record: Value) -> Value {
    record["awsRegion"] = REGION.into();
    record
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;
    use serde_json::json;

    use super::{super::in_memory, *};

    /// What the engine asks before each write.
    const NEXT: &str = "SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1
        FROM _stream_records WHERE table_name = ?1";

    fn database() -> Database {
        with_table(Database::memory().unwrap())
    }

    fn with_table(database: Database) -> Database {
        let table = json!({
            "TableName": "letters", "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"},
        });
        database
            .create_table(serde_json::from_value(table).unwrap())
            .unwrap();
        database
    }

    fn put(database: &Database, id: &str, text: &str) {
        let put = json!({"TableName": "letters", "Item": {"id": {"S": id}, "text": {"S": text}}});
        database
            .put_item(serde_json::from_value(put).unwrap())
            .unwrap();
    }

    #[tokio::test]
    async fn records_are_read_once_and_in_order() {
        let database = database();
        for (id, text) in [("a", "1"), ("b", "1"), ("a", "2")] {
            put(&database, id, text);
        }
        let streams = Streams::of(database);
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let page = streams.read("letters", after.clone(), 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = last["dynamodb"]["SequenceNumber"]
                .as_str()
                .map(str::to_owned);
            seen.extend(page.iter().map(|record| {
                (
                    record["eventName"].as_str().unwrap().to_owned(),
                    record["dynamodb"]["NewImage"].clone(),
                )
            }));
        }
        let image = |id: &str, text: &str| json!({"id": {"S": id}, "text": {"S": text}});
        assert_eq!(
            seen,
            [
                ("INSERT".to_owned(), image("a", "1")),
                ("INSERT".to_owned(), image("b", "1")),
                ("MODIFY".to_owned(), image("a", "2")),
            ]
        );
    }

    #[test]
    fn a_write_reads_one_record_of_the_stream() {
        let address = in_memory();
        let database = with_table(Database::new(&address).unwrap());
        index(&address).unwrap();
        let connection = Connection::open(&address).unwrap();
        let steps = || {
            let mut next = connection.prepare(NEXT).unwrap();
            next.query_row(["letters"], |_| Ok(())).unwrap();
            next.get_status(StatementStatus::VmStep)
        };
        put(&database, "a", "1");
        let of_one = steps();
        for text in 2..100 {
            put(&database, "a", &text.to_string());
        }
        assert_eq!(steps(), of_one);
    }

    #[tokio::test]
    async fn a_table_without_a_stream_is_an_error() {
        let error = Streams::of(Database::memory().unwrap())
            .read("letters", None, 1)
            .await;
        assert!(error.unwrap_err().contains("has no stream"));
    }
}
