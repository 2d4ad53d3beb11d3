//! Scheduled events.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html>

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use clock::Clock;
use sam_template::{ACCOUNT, PARTITION, REGION, Schedule};
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use tokio::{task::JoinSet, time::sleep};
use uuid::Uuid;

use super::Bus;
use crate::function::Pool;

/// The delay of the first events after the start. It is short, because a development session is.
const FIRST_DELAY: Duration = Duration::from_secs(5);

/// Starts all schedules. Dropping the set stops them.
pub(crate) fn start(
    functions: &BTreeMap<String, Arc<Pool>>,
    bus: &Bus,
    clock: &Clock,
) -> JoinSet<()> {
    let mut running = JoinSet::new();
    for pool in functions.values() {
        for schedule in &pool.function().schedules {
            let (pool, bus, clock) = (Arc::clone(pool), bus.clone(), clock.clone());
            let schedule = schedule.clone();
            running.spawn(async move {
                sleep(FIRST_DELAY).await;
                loop {
                    bus.deliver(Arc::clone(&pool), event(&schedule, &clock));
                    sleep(schedule.every).await;
                }
            });
        }
    }
    running
}

fn event(schedule: &Schedule, clock: &Clock) -> Bytes {
    if let Some(input) = &schedule.input {
        return Bytes::from(input.clone());
    }
    let now = clock.now();
    let time = now.replace_nanosecond(0).unwrap_or(now);
    let name = &schedule.name;
    let event = json!({
        "version": "0",
        "id": Uuid::new_v4(),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": time.format(&Rfc3339).unwrap_or_default(),
        "region": REGION,
        "resources": [format!("arn:{PARTITION}:events:{REGION}:{ACCOUNT}:rule/{name}")],
        "detail": {},
    });
    Bytes::from(event.to_string())
}
