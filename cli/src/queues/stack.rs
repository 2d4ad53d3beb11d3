//! The queues of a stack.

use std::collections::HashMap;

use aws_sdk_sqs::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    types::QueueAttributeName as Name,
};
use serde_json::Value;

use super::Error;
use crate::aws::{AwsError, Connection, Target};

/// The queues of a stack and a client for them.
pub(super) struct Queues {
    pub(super) client: Client,
    pub(super) all: Vec<Queue>,
    endpoint: String,
}

/// One queue.
#[derive(Debug, Clone)]
pub(super) struct Queue {
    pub(super) url: String,
    pub(super) name: String,
    pub(super) arn: String,
    /// The ARN of its dead-letter queue.
    pub(super) dead_letters: Option<String>,
    pub(super) waiting: u64,
    pub(super) in_flight: u64,
    pub(super) delayed: u64,
}

impl Queues {
    /// Reads the queues whose names begin with the stack's.
    pub(super) async fn open(target: &Target) -> Result<Self, Error> {
        let (client, endpoint) = Connection::open(target).await?.sqs();
        let stack = target.stack();
        let mut queues = Self {
            client,
            all: Vec::new(),
            endpoint,
        };
        let prefix = format!("{stack}-");
        let list = queues
            .client
            .list_queues()
            .queue_name_prefix(&prefix)
            .max_results(1_000);
        let mut pages = list.into_paginator().send();
        let mut urls = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| queues.error("sqs:ListQueues", &prefix, &error))?;
            urls.extend(page.queue_urls.unwrap_or_default());
        }
        for url in urls {
            let queue = queues.read(url).await?;
            queues.all.push(queue);
        }
        if queues.all.is_empty() {
            let endpoint = queues.endpoint;
            return Err(Error::NoQueues { stack, endpoint });
        }
        queues.all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(queues)
    }

    async fn read(&self, url: String) -> Result<Queue, Error> {
        let get = self.client.get_queue_attributes().queue_url(&url);
        let got = get.attribute_names(Name::All).send().await;
        let got = got.map_err(|error| self.error("sqs:GetQueueAttributes", &url, &error))?;
        let attributes = got.attributes.unwrap_or_default();
        let name = url.rsplit('/').next().unwrap_or_default().to_owned();
        let count = |name: Name| number(&attributes, &name);
        Ok(Queue {
            arn: attributes.get(&Name::QueueArn).cloned().unwrap_or_default(),
            dead_letters: dead_letters(&attributes),
            waiting: count(Name::ApproximateNumberOfMessages),
            in_flight: count(Name::ApproximateNumberOfMessagesNotVisible),
            delayed: count(Name::ApproximateNumberOfMessagesDelayed),
            url,
            name,
        })
    }

    /// Finds a queue by its name, or by its logical id in the template.
    fn find(&self, name: &str) -> Result<&Queue, Error> {
        if let Some(queue) = self.all.iter().find(|queue| queue.name == name) {
            return Ok(queue);
        }
        // CloudFormation makes names of the stack's name, the logical id and a random part.
        let has_id = |queue: &&Queue| {
            queue.name.ends_with(&format!("-{name}")) || queue.name.contains(&format!("-{name}-"))
        };
        let found: Vec<_> = self.all.iter().filter(has_id).collect();
        let names = |queues: &[&Queue]| queues.iter().map(|queue| queue.name.clone()).collect();
        match found.as_slice() {
            [queue] => Ok(queue),
            [] => Err(Error::NoQueue {
                name: name.to_owned(),
                known: names(&self.all.iter().collect::<Vec<_>>()),
            }),
            several => Err(Error::Ambiguous {
                name: name.to_owned(),
                found: names(several),
            }),
        }
    }

    /// Finds a dead-letter queue by its own name or by that of a queue that has it.
    pub(super) fn dead_letters_of(&self, name: &str) -> Result<&Queue, Error> {
        let queue = self.find(name)?;
        let target = match &queue.dead_letters {
            Some(arn) => self.all.iter().find(|known| known.arn == *arn),
            None => Some(queue).filter(|queue| self.is_dead_letters(queue)),
        };
        target.ok_or_else(|| Error::NoDeadLetters(queue.name.clone()))
    }

    /// Lists the queues whose dead letters go to this one.
    pub(super) fn sources(&self, queue: &Queue) -> impl Iterator<Item = &Queue> {
        self.all
            .iter()
            .filter(move |source| source.dead_letters.as_ref() == Some(&queue.arn))
    }

    /// Whether a queue keeps dead letters: of queues, or by its name those of streams, rules and functions.
    pub(super) fn is_dead_letters(&self, queue: &Queue) -> bool {
        self.sources(queue).next().is_some() || queue.name.contains("DeadLetters")
    }

    /// Describes the error of a call.
    pub(super) fn error<E>(&self, action: &'static str, name: &str, error: &SdkError<E>) -> AwsError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        AwsError::from_call(action, name, &self.endpoint, error)
    }
}

fn number(attributes: &HashMap<Name, String>, name: &Name) -> u64 {
    attributes
        .get(name)
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

fn dead_letters(attributes: &HashMap<Name, String>) -> Option<String> {
    let policy: Value = serde_json::from_str(attributes.get(&Name::RedrivePolicy)?).ok()?;
    policy["deadLetterTargetArn"].as_str().map(str::to_owned)
}
