use aws_sdk_dynamodb::{Client, types::TableDescription};

use super::Runner;
use crate::{
    Error, Item,
    send::{send_unlocked, try_of},
};

/// A table whose items are changed.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub name: String,
    /// The attributes of its key.
    pub keys: Vec<String>,
}

impl Runner {
    /// Returns the table of a logical id, and about how many items it has.
    pub(crate) async fn table(&self, logical_id: &'static str) -> Result<(Table, u64), Error> {
        let name = self.stack.tables.get(logical_id);
        let mut table = Table {
            name: name.map_or(logical_id, String::as_str).to_owned(),
            keys: Vec::new(),
        };
        let description = table.describe(&self.stack.client).await?;
        let keys = description.key_schema().iter();
        table.keys = keys.map(|key| key.attribute_name().to_owned()).collect();
        let items = description.item_count().unwrap_or_default();
        Ok((table, u64::try_from(items).unwrap_or_default()))
    }
}

impl Table {
    pub async fn describe(&self, client: &Client) -> Result<TableDescription, Error> {
        let request = client.describe_table().table_name(&self.name);
        let sent = send_unlocked(try_of!(request));
        let (output, _) = sent
            .await
            .map_err(|failed| Error::aws("dynamodb:DescribeTable", &self.name, &failed.error))?;
        Ok(output
            .table
            .unwrap_or_else(|| TableDescription::builder().build()))
    }

    /// Reads a page of a part of the table, and the key of its last item if there may be more. Strongly consistent: an item that
    /// was written before the migration began is read.
    pub async fn scan(
        &self,
        client: &Client,
        (segment, segments): (i32, i32),
        after: Option<&Item>,
        limit: i32,
    ) -> Result<(Vec<Item>, Option<Item>), Error> {
        let request = client
            .scan()
            .table_name(&self.name)
            .consistent_read(true)
            .segment(segment)
            .total_segments(segments)
            .set_exclusive_start_key(after.cloned())
            .limit(limit);
        let sent = send_unlocked(try_of!(request));
        let (page, _) = sent
            .await
            .map_err(|failed| Error::aws("dynamodb:Scan", &self.name, &failed.error))?;
        let last = page.last_evaluated_key.filter(|key| !key.is_empty());
        Ok((page.items.unwrap_or_default(), last))
    }

    /// Returns the key of an item.
    pub fn key(&self, item: &Item) -> Item {
        let attributes = item.iter().filter(|(name, _)| self.keys.contains(name));
        attributes
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}
