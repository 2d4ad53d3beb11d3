use std::collections::BTreeMap;

use super::*;

const TEMPLATE: &str = "
Parameters:
  Env: {Type: String, Default: dev}
  Origins: {Type: CommaDelimitedList, Default: 'a,b'}
  Nothing: {Type: String}
Mappings:
  Memory:
    dev: {Size: 512}
    prod: {Size: 1024}
Conditions:
  IsProd: !Equals [!Ref Env, prod]
  IsNotProd: !Not [!Condition IsProd]
  IsEither: !Or [!Condition IsProd, !Condition IsNotProd]
  IsBoth: !And [!Condition IsProd, !Condition IsNotProd]
  Circle: !Not [!Condition Circle]
Resources:
  Users: {Type: 'AWS::DynamoDB::Table'}
  Archive: {Type: 'AWS::DynamoDB::Table', Condition: IsProd}
";

fn resolve(expression: &str) -> Result<Value> {
    let text = format!("{TEMPLATE}Globals:\n  X: {expression}\n");
    let template = Template::parse(&text, &BTreeMap::new()).unwrap();
    template.resolve(&template.globals["X"], "X")
}

#[test]
fn every_function_has_the_result_of_cloudformation() {
    let table = "arn:aws:dynamodb:us-east-1:000000000000:table/sam-app-Users";
    for (expression, expected) in [
        ("!Ref Env", json!("dev")),
        ("!Ref Origins", json!(["a", "b"])),
        ("!Ref Users", json!("sam-app-Users")),
        ("!Ref AWS::Region", json!("us-east-1")),
        ("!GetAtt Users.Arn", json!(table)),
        ("{'Fn::GetAtt': [Users, Arn]}", json!(table)),
        (
            "!Sub '${Users.Arn}/index/${Env}-${!Env}'",
            json!(format!("{table}/index/dev-${{Env}}")),
        ),
        (
            "!Sub ['${A}.${Env}', {A: !Ref Users}]",
            json!("sam-app-Users.dev"),
        ),
        (
            "!Sub '${AWS::StackName}:${AWS::AccountId}'",
            json!("sam-app:000000000000"),
        ),
        ("!Join ['-', [a, !Ref Env, 1]]", json!("a-dev-1")),
        ("!Select [1, !Split ['/', 'a/b/c']]", json!("b")),
        ("!Select [0, !Ref Origins]", json!("a")),
        ("!FindInMap [Memory, !Ref Env, Size]", json!(512)),
        ("!If [IsProd, 1, 2]", json!(2)),
        ("!If [IsEither, 1, 2]", json!(1)),
        ("!If [IsBoth, 1, 2]", json!(2)),
        ("[a, !If [IsProd, b, !Ref AWS::NoValue]]", json!(["a"])),
        ("{a: !Ref AWS::NoValue, b: 1}", json!({"b": 1})),
    ] {
        assert_eq!(resolve(expression).unwrap(), expected, "{expression}");
    }
}

#[test]
fn an_error_has_its_path_and_problem() {
    for (expression, expected) in [
        (
            "{a: [!Ref Missing]}",
            "X.a.0: no parameter or resource `Missing`",
        ),
        ("!Ref Nothing", "X: the parameter `Nothing` has no value"),
        (
            "!Ref Archive",
            "X: `Archive` is not deployed: its condition is false",
        ),
        (
            "!GetAtt Users.Color",
            "X: AWS::DynamoDB::Table `Users` has no attribute `Color`, or it is not supported",
        ),
        ("!If [Missing, 1, 2]", "X: no condition `Missing`"),
        ("!If [Circle, 1, 2]", "Conditions.Circle: refers to itself"),
        ("!If [IsProd, 1]", "X: Fn::If takes 3 arguments"),
        ("!Select [7, [a]]", "X: Fn::Select has no item 7"),
        (
            "!FindInMap [Memory, qa, Size]",
            "X: Mappings has no Memory.qa.Size",
        ),
        ("!Sub '${Env'", "X: Fn::Sub has `${` without `}`"),
        (
            "!ImportValue a",
            "X: Fn::ImportValue is not supported locally",
        ),
    ] {
        assert_eq!(resolve(expression).unwrap_err().to_string(), expected);
    }
}
