//! Each step, in both directions, against the database.

use aws_sdk_dynamodb::types::AttributeValue;
use migrations::{Error, Step, Tally, Unusable, steps};

use super::{Lab, NAME, TABLE, holder, migration, s, tally};

const ITEMS: u32 = 40;

/// Runs `up`, `up` again from the beginning, and `down`, and returns what the first wrote. `down` has to restore the items.
async fn both_ways(lab: &Lab, make: impl Fn() -> (Step, Step), changed: u64) {
    let before = lab.dump(NAME).await;
    let runner = || {
        let (up, down) = make();
        lab.runner(vec![migration(up, down)])
    };
    let done = runner().up(&holder(), None).await.unwrap();
    assert_eq!(done[0].tally, tally(ITEMS.into(), changed));
    let after = lab.dump(NAME).await;
    assert_ne!(after, before);
    assert_eq!(runner().up(&holder(), None).await.unwrap(), [], "applied");
    let again = runner().again(&holder(), 1).await.unwrap();
    assert_eq!(again[0].tally, tally(ITEMS.into(), 0), "repeatable");
    assert_eq!(lab.dump(NAME).await, after);
    let undone = runner().down(&holder(), None).await.unwrap();
    assert_eq!(undone[0].tally, tally(ITEMS.into(), changed));
    assert_eq!(lab.dump(NAME).await, before);
    assert_eq!(
        runner().down(&holder(), None).await.unwrap(),
        [],
        "reverted"
    );
}

fn number(text: &AttributeValue) -> Result<Option<AttributeValue>, Unusable> {
    match text {
        AttributeValue::S(text) if text.parse::<u32>().is_ok() => {
            Ok(Some(AttributeValue::N(text.clone())))
        }
        AttributeValue::N(_) => Ok(None),
        _ => Err(Unusable("not a number")),
    }
}

fn word(number: &AttributeValue) -> Result<Option<AttributeValue>, Unusable> {
    match number {
        AttributeValue::N(number) => Ok(Some(s(number))),
        AttributeValue::S(_) => Ok(None),
        _ => Err(Unusable("not a number")),
    }
}

#[tokio::test]
async fn an_attribute_is_added_and_removed() {
    let lab = Lab::start();
    lab.fill(ITEMS, |number| vec![("name", s(format!("Ada {number}")))])
        .await;
    let up = || {
        steps::back_fill(TABLE, ["sort", "size"], &["name"], |item| {
            let Some(AttributeValue::S(name)) = item.get("name") else {
                return Err(Unusable("no name"));
            };
            let size = AttributeValue::N(name.len().to_string());
            Ok(Some([s(name.to_lowercase()), size]))
        })
    };
    let down = || steps::remove(TABLE, ["sort", "size"]);
    both_ways(&lab, || (up(), down()), ITEMS.into()).await;
    lab.runner(vec![migration(up(), down())])
        .up(&holder(), None)
        .await
        .unwrap();
    let item = &lab.dump(NAME).await[0];
    assert_eq!(
        (&item["sort"], &item["size"]),
        (&s("ada 0"), &AttributeValue::N("5".into()))
    );
}

#[tokio::test]
async fn a_default_value_is_given_where_it_is_missing() {
    let lab = Lab::start();
    lab.fill(ITEMS, |_| Vec::new()).await;
    let make = || {
        let value = AttributeValue::Bool(true);
        (
            steps::default_value(TABLE, "is_new", &value),
            steps::remove(TABLE, ["is_new"]),
        )
    };
    both_ways(&lab, make, ITEMS.into()).await;
}

#[tokio::test]
async fn an_attribute_is_renamed() {
    let lab = Lab::start();
    // `name` and `status` are reserved words, and every second item has none.
    lab.fill(ITEMS, |number| {
        let value = ("status", s(format!("Ada {number}")));
        if number % 2 == 0 { vec![value] } else { vec![] }
    })
    .await;
    let make = || {
        (
            steps::rename(TABLE, "status", "name"),
            steps::rename(TABLE, "name", "status"),
        )
    };
    both_ways(&lab, make, (ITEMS / 2).into()).await;
}

#[tokio::test]
async fn a_type_is_changed() {
    let lab = Lab::start();
    lab.fill(ITEMS, |number| vec![("count", s(number.to_string()))])
        .await;
    let make = || {
        (
            steps::change_type(TABLE, "count", "number", number),
            steps::change_type(TABLE, "count", "text", word),
        )
    };
    both_ways(&lab, make, ITEMS.into()).await;
}

#[tokio::test]
async fn an_item_that_cannot_be_changed_stays_and_is_counted() {
    let lab = Lab::start();
    lab.fill(ITEMS, |number| {
        let text = if number == 7 {
            "seven".to_owned()
        } else {
            number.to_string()
        };
        vec![("count", s(text))]
    })
    .await;
    let up = steps::change_type(TABLE, "count", "number", number);
    let down = steps::change_type(TABLE, "count", "text", word);
    let done = lab
        .runner(vec![migration(up, down)])
        .up(&holder(), None)
        .await
        .unwrap();
    let expected = Tally {
        read: ITEMS.into(),
        changed: (ITEMS - 1).into(),
        unusable: 1,
    };
    assert_eq!(done[0].tally, expected);
    let items = lab.dump(NAME).await;
    let seven = items.iter().find(|item| item["id"] == s("0007")).unwrap();
    assert_eq!(seven["count"], s("seven"));
}

#[tokio::test]
async fn a_dry_run_reads_and_writes_nothing() {
    let lab = Lab::start();
    lab.fill(ITEMS, |number| vec![("count", s(number.to_string()))])
        .await;
    let before = lab.dump(NAME).await;
    let make = || {
        let up = steps::change_type(TABLE, "count", "number", number);
        let down = steps::change_type(TABLE, "count", "text", word);
        lab.runner(vec![migration(up, down)])
    };
    let all = make().dry_run(None, None).await.unwrap();
    assert_eq!((all[0].tally, all[0].is_sample), (tally(40, 40), false));
    let sample = make().dry_run(None, Some(10)).await.unwrap();
    assert_eq!(
        (sample[0].tally, sample[0].is_sample),
        (tally(10, 10), true)
    );
    assert_eq!(lab.dump(NAME).await, before);
    assert_eq!(lab.dump(super::LEDGER).await, []);
}

#[tokio::test]
async fn down_stops_at_a_migration_that_cannot_be_undone() {
    let lab = Lab::start();
    lab.fill(ITEMS, |_| vec![("old", s("x"))]).await;
    let list = || {
        let mut first = migration(steps::remove(TABLE, ["old"]), steps::remove(TABLE, ["x"]));
        first.down = migrations::Down::Impossible("the values are gone");
        let value = s("y");
        let mut second = migration(
            steps::default_value(TABLE, "new", &value),
            steps::remove(TABLE, ["new"]),
        );
        (second.number, second.name) = (2, "second");
        vec![first, second]
    };
    let done = lab.runner(list()).up(&holder(), Some(1)).await.unwrap();
    assert_eq!(done.len(), 1);
    let done = lab.runner(list()).up(&holder(), None).await.unwrap();
    assert_eq!(done[0].title, "0002_second");
    let error = lab
        .runner(list())
        .down(&holder(), Some(0))
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::Impossible { number: 1, .. }),
        "{error}"
    );
    let items = lab.dump(NAME).await;
    assert!(
        items.iter().all(|item| item["new"] == s("y")),
        "nothing is undone"
    );
    let undone = lab.runner(list()).down(&holder(), Some(1)).await.unwrap();
    assert_eq!(undone.len(), 1);
    let error = lab.runner(list()).down(&holder(), None).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "0001_test cannot be undone: the values are gone. Migrations after it can: pass --to 1"
    );
    let unknown = lab.runner(list()).up(&holder(), Some(3)).await.unwrap_err();
    assert!(matches!(unknown, Error::Unknown(3)), "{unknown}");
}
