use sam_template::{Effect, PolicyCondition, Test};

use super::*;

const TABLE: &str = "arn:aws:dynamodb:us-east-1:000000000000:table/users";

fn principal(statements: &[(Effect, &str, &str)]) -> Principal {
    let statements = statements
        .iter()
        .map(|(effect, action, resource)| Statement {
            at: "Resources.Role.Statement.0".to_owned(),
            effect: *effect,
            actions: vec![(*action).to_owned()],
            resources: vec![(*resource).to_owned()],
            conditions: Vec::new(),
        })
        .collect();
    Principal {
        policy_arn: String::new(),
        arn: "arn:aws:sts::000000000000:assumed-role/role/function".to_owned(),
        secret: SecretString::default(),
        rights: Rights::Policy("Function".to_owned(), statements),
        recorder: Arc::default(),
        ledger: Arc::default(),
    }
}

#[test]
fn a_request_without_a_matching_statement_is_denied() {
    let principal = principal(&[(Effect::Allow, "dynamodb:GetItem", TABLE)]);
    let caller = principal.with_cause(Cause::Lambda);
    assert_eq!(caller.check("dynamodb:GetItem", TABLE), Ok(()));
    let denied = caller.check("dynamodb:PutItem", TABLE).unwrap_err();
    assert_eq!(
        denied.to_string(),
        "User: arn:aws:sts::000000000000:assumed-role/role/function is not authorized to \
         perform: dynamodb:PutItem on resource: \
         arn:aws:dynamodb:us-east-1:000000000000:table/users because no identity-based \
         policy allows the dynamodb:PutItem action"
    );
    let index = format!("{TABLE}/index/listing");
    assert!(caller.check("dynamodb:GetItem", &index).is_err());
}

#[test]
fn an_explicit_deny_overrides_an_allow() {
    let principal = principal(&[
        (Effect::Allow, "dynamodb:*", "*"),
        (Effect::Deny, "DYNAMODB:deleteitem", TABLE),
    ]);
    let caller = principal.with_cause(Cause::Lambda);
    assert_eq!(caller.check("dynamodb:GetItem", TABLE), Ok(()));
    let denied = caller.check("dynamodb:DeleteItem", TABLE).unwrap_err();
    assert!(
        denied
            .to_string()
            .ends_with("with an explicit deny in an identity-based policy")
    );
}

#[test]
fn a_statement_applies_only_if_its_conditions_hold() {
    let mut principal = principal(&[(Effect::Allow, "ses:SendEmail", "*")]);
    let Rights::Policy(_, statements) = &mut principal.rights else {
        panic!("it has a policy")
    };
    statements[0].conditions.push(PolicyCondition {
        key: "ses:FromAddress".to_owned(),
        test: Test::Is(vec!["a@example.com".to_owned()]),
    });
    let caller = principal.with_cause(Cause::Lambda);
    let from = |address: &str| {
        let context = Context::from([("ses:FromAddress", vec![address.to_owned()])]);
        caller.check_in("ses:SendEmail", "x", &context).is_ok()
    };
    assert!(from("a@example.com") && !from("b@example.com"));
    assert!(caller.check("ses:SendEmail", "x").is_err());
}

#[test]
fn a_part_of_a_transaction_is_allowed_only_if_it_needs_no_attributes() {
    let of = |test: Test| PolicyCondition {
        key: "dynamodb:Attributes".to_owned(),
        test,
    };
    let names = of(Test::AllAreOf(vec!["id".to_owned()]));
    for (conditions, attribute, single, part) in [
        (vec![names.clone()], "id", true, true),
        (vec![names.clone()], "hash", false, false),
        (vec![names, of(Test::Present)], "id", true, false),
    ] {
        let mut principal = principal(&[(Effect::Allow, "dynamodb:PutItem", TABLE)]);
        let Rights::Policy(_, statements) = &mut principal.rights else {
            panic!("it has a policy")
        };
        statements[0].conditions = conditions;
        let caller = principal.with_cause(Cause::Lambda);
        let context = Context::from([("dynamodb:Attributes", vec![attribute.to_owned()])]);
        let put = "dynamodb:PutItem";
        assert_eq!(caller.check_in(put, TABLE, &context).is_ok(), single);
        assert_eq!(caller.check_part(put, TABLE, &context).is_ok(), part);
    }
}
