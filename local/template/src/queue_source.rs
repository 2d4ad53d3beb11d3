//! Queues that invoke functions.
//! <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-sqs.html>

use serde_json::Value;

use crate::{EventPattern, Queue, Template, TemplateError, queue::whole_number, stream};

/// One `SQS` event of a function: the queue that Lambda reads for it.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueSource {
    /// The name, for example `OrdersFunctionQueue`.
    pub name: String,
    /// The name of the queue.
    pub queue: String,
    /// The ARN of the queue.
    pub arn: String,
    /// Event filters. Empty means no filter.
    pub filters: Vec<EventPattern>,
    /// The maximum number of messages of an event.
    pub batch_size: u32,
    /// How many seconds Lambda waits for more messages.
    pub window: u32,
    /// How many invocations run at the same time, at most.
    pub max_concurrency: Option<u32>,
    /// Whether the function reports failed messages.
    pub reports_failures: bool,
}

impl Template {
    pub(crate) fn queue_sources_of(
        &self,
        id: &str,
        events: &Value,
    ) -> Result<Vec<QueueSource>, TemplateError> {
        let found = self.events_of(id, events, "SQS", |name, properties, at| {
            if properties["Enabled"] == false {
                return Ok(None);
            }
            let arn = properties["Queue"].as_str().unwrap_or_default();
            let queue = self.queue_with_arn(arn, &format!("{at}.Queue"))?;
            Ok(Some(QueueSource {
                name: format!("{id}{name}"),
                queue: queue.name,
                arn: queue.arn,
                filters: stream::filters(properties, at)?,
                batch_size: batch_size(properties, at)?,
                window: whole_number(
                    properties,
                    &("MaximumBatchingWindowInSeconds", 0, 0..=300),
                    at,
                )?,
                max_concurrency: max_concurrency(&properties["ScalingConfig"], at)?,
                reports_failures: stream::reports_failures(properties),
            }))
        });
        Ok(found?.into_iter().flatten().collect())
    }

    fn queue_with_arn(&self, arn: &str, at: &str) -> Result<Queue, TemplateError> {
        let queues = self.queues()?;
        queues
            .into_iter()
            .find(|queue| queue.arn == arn)
            .ok_or_else(|| {
                TemplateError::at(
                    at,
                    format!("`{arn}` is not the ARN of a queue of this template"),
                )
            })
    }
}

fn batch_size(properties: &Value, at: &str) -> Result<u32, TemplateError> {
    let size = whole_number(properties, &("BatchSize", 10, 1..=10_000), at)?;
    if size > 10
        && properties["MaximumBatchingWindowInSeconds"]
            .as_u64()
            .unwrap_or(0)
            == 0
    {
        return Err(TemplateError::at(
            format!("{at}.BatchSize"),
            "over 10 needs a MaximumBatchingWindowInSeconds of at least 1",
        ));
    }
    Ok(size)
}

fn max_concurrency(scaling: &Value, at: &str) -> Result<Option<u32>, TemplateError> {
    if scaling["MaximumConcurrency"].is_null() {
        return Ok(None);
    }
    let at = format!("{at}.ScalingConfig");
    whole_number(scaling, &("MaximumConcurrency", 2, 2..=1_000), &at).map(Some)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn sources(properties: &str) -> Result<Vec<QueueSource>, String> {
        let text = format!(
            "
Resources:
  Orders: {{Type: 'AWS::SQS::Queue'}}
  F:
    Type: AWS::Serverless::Function
    Metadata: {{BuildProperties: {{Binary: f}}}}
    Properties:
      Events: {{Queue: {{Type: SQS, Properties: {properties}}}}}
"
        );
        let template = Template::parse(&text, &BTreeMap::new()).unwrap();
        match template.functions() {
            Ok(mut functions) => Ok(functions.remove(0).queues),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn a_queue_event_is_read() {
        let found = sources(
            "{Queue: !GetAtt Orders.Arn, BatchSize: 100, MaximumBatchingWindowInSeconds: 2, \
             FunctionResponseTypes: [ReportBatchItemFailures], ScalingConfig: {MaximumConcurrency: 5}, \
             FilterCriteria: {Filters: [{Pattern: '{\"body\": {\"a\": [1]}}'}]}}",
        )
        .unwrap();
        let [source] = found.as_slice() else {
            panic!("one source")
        };
        assert_eq!(
            (source.name.as_str(), source.queue.as_str()),
            ("FQueue", "sam-app-Orders")
        );
        assert_eq!((source.batch_size, source.window), (100, 2));
        assert_eq!(source.max_concurrency, Some(5));
        assert!(source.reports_failures && source.filters.len() == 1);
    }

    #[test]
    fn missing_properties_have_lambdas_defaults() {
        let source = sources("{Queue: !GetAtt Orders.Arn}").unwrap().remove(0);
        assert_eq!((source.batch_size, source.window), (10, 0));
        assert_eq!(source.max_concurrency, None);
        assert!(!source.reports_failures && source.filters.is_empty());
    }

    #[test]
    fn a_disabled_source_is_left_out() {
        assert_eq!(
            sources("{Queue: !GetAtt Orders.Arn, Enabled: false}").unwrap(),
            []
        );
    }

    #[test]
    fn an_invalid_property_is_an_error() {
        for (properties, expected) in [
            (
                "{Queue: x}",
                "Queue: `x` is not the ARN of a queue of this template",
            ),
            (
                "{Queue: !GetAtt Orders.Arn, BatchSize: 11}",
                "BatchSize: over 10 needs a MaximumBatchingWindowInSeconds of at least 1",
            ),
            (
                "{Queue: !GetAtt Orders.Arn, ScalingConfig: {MaximumConcurrency: 1}}",
                "ScalingConfig.MaximumConcurrency: `1` is not a whole number from 2 to 1000",
            ),
        ] {
            let error = sources(properties).unwrap_err();
            assert!(error.ends_with(expected), "{error}");
        }
    }
}
