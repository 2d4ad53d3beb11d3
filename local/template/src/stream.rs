//! Table streams that invoke functions.
//! <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-dynamodb.html>

use serde_json::Value;

use crate::{EventPattern, Template, TemplateError};

/// One `DynamoDB` event of a function: the stream that Lambda reads for it.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamSource {
    /// The name, for example `MailerFunctionOutbox`.
    pub name: String,
    /// The ARN of the stream.
    pub arn: String,
    /// The name of the table.
    pub table: String,
    /// Event filters. Empty means no filter.
    pub filters: Vec<EventPattern>,
    /// The maximum number of records of an event.
    pub batch_size: usize,
    /// How often a failed batch is retried. `None` retries until the records expire.
    pub max_retries: Option<u32>,
    /// Whether a failed batch is split in two before the retry.
    pub bisects: bool,
    /// Whether the function reports failed records.
    pub reports_failures: bool,
    /// The ARN of the queue for records that failed for good.
    pub dead_letters: Option<String>,
}

/// Lambda's default values.
const DEFAULT_BATCH_SIZE: usize = 100;

impl StreamSource {
    /// Whether the record matches the filters.
    #[must_use]
    pub fn wants(&self, record: &Value) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| filter.matches(record))
    }
}

impl Template {
    pub(crate) fn streams_of(
        &self,
        id: &str,
        events: &Value,
    ) -> Result<Vec<StreamSource>, TemplateError> {
        self.events_of(id, events, "DynamoDB", |name, properties, at| {
            let arn = properties["Stream"].as_str().unwrap_or_default().to_owned();
            let table = table_of(&arn).ok_or_else(|| {
                TemplateError::at(format!("{at}.Stream"), "is not the stream of a table")
            })?;
            // Where a laptop's stream begins is where the laptop's table does.
            if properties["StartingPosition"] != "TRIM_HORIZON" {
                let at = format!("{at}.StartingPosition");
                return Err(TemplateError::at(at, "must be TRIM_HORIZON, locally"));
            }
            let retries = properties["MaximumRetryAttempts"].as_i64();
            Ok(StreamSource {
                name: format!("{id}{name}"),
                table,
                filters: filters(properties, at)?,
                batch_size: properties["BatchSize"]
                    .as_u64()
                    .and_then(|size| usize::try_from(size).ok())
                    .unwrap_or(DEFAULT_BATCH_SIZE),
                max_retries: retries.and_then(|retries| u32::try_from(retries).ok()),
                bisects: properties["BisectBatchOnFunctionError"] == true,
                reports_failures: reports_failures(properties),
                dead_letters: on_failure(properties),
                arn,
            })
        })
    }
}

/// Whether the function reports which records of a batch failed.
pub(crate) fn reports_failures(properties: &Value) -> bool {
    let kinds = properties["FunctionResponseTypes"].as_array();
    kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind == "ReportBatchItemFailures"))
}

/// The ARN in `DestinationConfig`, for what failed for good.
pub(crate) fn on_failure(config: &Value) -> Option<String> {
    let destination = &config["DestinationConfig"]["OnFailure"]["Destination"];
    destination.as_str().map(str::to_owned)
}

/// `arn:aws:dynamodb:REGION:ACCOUNT:table/NAME/stream/LABEL`
fn table_of(arn: &str) -> Option<String> {
    let (_, resource) = arn.split_once(":table/")?;
    let (table, _) = resource.split_once("/stream/")?;
    Some(table.to_owned())
}

/// Reads the patterns of `FilterCriteria`, which are JSON as text.
pub(crate) fn filters(properties: &Value, at: &str) -> Result<Vec<EventPattern>, TemplateError> {
    let filters = properties["FilterCriteria"]["Filters"].as_array();
    let filters = filters.into_iter().flatten().enumerate();
    filters
        .map(|(index, filter)| {
            let at = format!("{at}.FilterCriteria.Filters.{index}.Pattern");
            EventPattern::read_property(&filter["Pattern"], &at)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn streams(properties: &str) -> Result<Vec<StreamSource>, String> {
        let text = format!(
            "
Resources:
  Letters: {{Type: 'AWS::DynamoDB::Table'}}
  F:
    Type: AWS::Serverless::Function
    Metadata: {{BuildProperties: {{Binary: f}}}}
    Properties:
      Events: {{Box: {{Type: DynamoDB, Properties: {properties}}}}}
"
        );
        let template = Template::parse(&text, &BTreeMap::new()).unwrap();
        match template.functions() {
            Ok(mut functions) => Ok(functions.remove(0).streams),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn a_stream_event_is_read() {
        let found = streams(
            "{Stream: !GetAtt Letters.StreamArn, StartingPosition: TRIM_HORIZON, BatchSize: 10, \
             MaximumRetryAttempts: 3, BisectBatchOnFunctionError: true, \
             FunctionResponseTypes: [ReportBatchItemFailures], \
             DestinationConfig: {OnFailure: {Type: SQS, Destination: 'arn:aws:sqs:x'}}, \
             FilterCriteria: {Filters: [{Pattern: '{\"eventName\": [\"INSERT\"]}'}]}}",
        )
        .unwrap();
        let [stream] = found.as_slice() else {
            panic!("one stream")
        };
        assert_eq!(
            (stream.name.as_str(), stream.table.as_str()),
            ("FBox", "sam-app-Letters")
        );
        assert_eq!((stream.batch_size, stream.max_retries), (10, Some(3)));
        assert!(stream.bisects && stream.reports_failures);
        assert_eq!(stream.dead_letters.as_deref(), Some("arn:aws:sqs:x"));
        assert!(stream.wants(&json!({"eventName": "INSERT"})));
        assert!(!stream.wants(&json!({"eventName": "REMOVE"})));
    }

    #[test]
    fn missing_properties_have_lambdas_defaults() {
        let found = streams("{Stream: !GetAtt Letters.StreamArn, StartingPosition: TRIM_HORIZON}");
        let stream = found.unwrap().remove(0);
        assert_eq!((stream.batch_size, stream.max_retries), (100, None));
        assert!(!stream.bisects && !stream.reports_failures);
        assert!(stream.wants(&json!({"eventName": "REMOVE"})));
    }

    #[test]
    fn an_unsupported_construct_is_an_error() {
        for (properties, expected) in [
            (
                "{Stream: !GetAtt Letters.Arn, StartingPosition: TRIM_HORIZON}",
                "Stream: is not the stream of a table",
            ),
            (
                "{Stream: !GetAtt Letters.StreamArn, StartingPosition: LATEST}",
                "StartingPosition: must be TRIM_HORIZON, locally",
            ),
            (
                "{Stream: !GetAtt Letters.StreamArn, StartingPosition: TRIM_HORIZON, \
                 FilterCriteria: {Filters: [{Pattern: x}]}}",
                "FilterCriteria.Filters.0.Pattern: is not a JSON object, as text",
            ),
        ] {
            let error = streams(properties).unwrap_err();
            assert!(error.ends_with(expected), "{error}");
        }
    }
}
