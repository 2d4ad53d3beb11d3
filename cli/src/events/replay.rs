//! `cloakroom events replay`.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
};

use aws_sdk_dynamodb::types::AttributeValue;
use clap::Args;
use domain::{Clock, DeletedUser, UserId};
use serde_json::Value;
use store::{StoreError, images};

use super::{
    Error,
    bus::Bus,
    progress::Progress,
    tables::{OWNED, Source, USERS, text},
};
use crate::aws::{AwsError, Connection, Target, find_table, table_names};

pub(super) const ABOUT: &str = "Send the events of the present state of all items

Reads the tables of users, uploads, products, orders and rights, and puts events on the event bus of the stack, for each item as if it \
had just been created. Services apply what they have missed, and ignore what they know. Use it after events were lost: the relay was \
stopped for more than a day, or messages were deleted. Webhooks are sent again if the event of an item is not the one that was sent \
before.

An account that was deleted in the last 14 days has its `user.deleted` again. Items of other users who do not exist have no events. \
These users are counted; with --deleted-users, `user.deleted` is sent for them too, and what the services keep of them is erased.";

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    #[command(flatten)]
    target: Target,
    /// Send `user.deleted` for the users whom items name and who do not exist
    #[arg(long)]
    deleted_users: bool,
    /// The most items that are read at once
    #[arg(long, value_name = "N", default_value_t = 500, hide = true, value_parser = clap::value_parser!(i32).range(1..))]
    page: i32,
}

/// Reads the tables of one stack.
struct Replay {
    client: aws_sdk_dynamodb::Client,
    endpoint: String,
    page: i32,
    bus: Bus,
    clock: Clock,
    progress: Progress,
    /// The users who exist.
    users: BTreeSet<UserId>,
    /// The deletions of the last 14 days. Operators can have restored some of these users.
    deletions: BTreeMap<UserId, DeletedUser>,
    /// The users whom items name, and who did not exist when the table of users was read.
    missing: BTreeSet<UserId>,
}

pub(super) async fn run(args: &ReplayArgs, out: &mut impl Write) -> Result<(), Error> {
    let connection = Connection::open(&args.target).await?;
    let stack = args.target.stack();
    let (client, endpoint) = connection.dynamodb();
    let names = table_names(&client, &endpoint).await?;
    let mut replay = Replay {
        bus: Bus::of(&connection, stack.clone()),
        client,
        page: args.page,
        clock: Clock::system(),
        progress: Progress::new(),
        users: BTreeSet::new(),
        deletions: BTreeMap::new(),
        missing: BTreeSet::new(),
        endpoint,
    };
    for source in [USERS].iter().chain(&OWNED) {
        let table = find_table(&names, &stack, source.table, &replay.endpoint)?;
        let items = replay.table(source, &table).await?;
        writeln!(out, "{table}: {items} items")?;
    }
    replay.send_deletions().await?;
    let users = find_table(&names, &stack, USERS.table, &replay.endpoint)?;
    let deleted = replay.deleted_users(&users).await?;
    if args.deleted_users {
        let now = replay.clock.now();
        for user in &deleted {
            let event = events::replay_deleted_user(*user, now);
            replay.bus.send(&event).await?;
        }
    }
    replay.bus.flush().await?;
    writeln!(out, "{} events sent to {stack}", replay.bus.sent)?;
    match (deleted.len(), args.deleted_users) {
        (0, _) => {}
        (count, true) => writeln!(out, "{count} of them are `user.deleted`")?,
        (count, false) => writeln!(
            out,
            "items name {count} users who do not exist. Pass --deleted-users to send `user.deleted` for them"
        )?,
    }
    Ok(())
}

impl Replay {
    /// Sends the events of the items of a table. Returns the number of items.
    async fn table(&mut self, source: &Source, table: &str) -> Result<u64, Error> {
        self.progress.start(table);
        let scan = self.client.scan().table_name(table).consistent_read(true);
        let mut pages = scan.limit(self.page).into_paginator().send();
        let mut count = 0;
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                AwsError::from_call("dynamodb:Scan", table, &self.endpoint, &error)
            })?;
            for item in page.items.unwrap_or_default() {
                self.item(source, table, &images::of_item(&item)).await?;
                count += 1;
            }
        }
        Ok(count)
    }

    async fn item(&mut self, source: &Source, table: &str, item: &Value) -> Result<(), Error> {
        self.progress.item();
        let unreadable = |error: StoreError| Error::Item {
            table: table.to_owned(),
            key: key_of(item),
            cause: error.to_string(),
        };
        let owner = text(item, source.owner);
        if source.table == USERS.table {
            self.users.extend(owner);
            let item = images::user(item).map_err(unreadable)?;
            let deletion = item.deleted().map(|deleted| (deleted.id, deleted.clone()));
            self.deletions.extend(deletion);
        }
        let named = (source.named)(item).filter(|user| !self.users.contains(user));
        let missing = named.filter(|user| !self.deletions.contains_key(user));
        self.missing.extend(missing);
        // An order with a pseudonym would give the pseudonym a right.
        if owner.is_none_or(|owner| !self.users.contains(&owner)) {
            return Ok(());
        }
        let events = (source.events)(item, &self.clock).map_err(unreadable)?;
        for event in &events {
            self.bus.send(event).await?;
        }
        Ok(())
    }

    /// Sends the events of the recorded deletions of users who do not exist.
    async fn send_deletions(&mut self) -> Result<(), Error> {
        for (user, deleted) in &self.deletions {
            if !self.users.contains(user) {
                self.bus.send(&events::deleted_user_event(deleted)).await?;
            }
        }
        Ok(())
    }

    /// Returns the missing users without those who signed up since the table of users was read.
    async fn deleted_users(&self, users: &str) -> Result<Vec<UserId>, Error> {
        let mut deleted = Vec::new();
        for user in &self.missing {
            let id = AttributeValue::S(user.to_string());
            let get = self.client.get_item().table_name(users).key("id", id);
            let found = get.consistent_read(true).send().await.map_err(|error| {
                AwsError::from_call("dynamodb:GetItem", users, &self.endpoint, &error)
            })?;
            if found.item.is_none() {
                deleted.push(*user);
            }
        }
        Ok(deleted)
    }
}

/// Names an item for the operator, by the attributes that are keys.
fn key_of(item: &Value) -> String {
    let keys = ["id", "owner", "user", "product"];
    let found = keys.iter().filter_map(|name| item[name]["S"].as_str());
    found.collect::<Vec<_>>().join(" ")
}
