//! Configuration sets of SES.

use crate::{Template, TemplateError, cors::texts};

/// One `AWS::SES::ConfigurationSet` with its event destinations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigurationSet {
    /// The physical name.
    pub name: String,
    /// The types of events that it sends to `EventBridge`: `BOUNCE`, `COMPLAINT` and others.
    pub events: Vec<String>,
}

impl Template {
    /// Returns the configuration sets, sorted by logical id.
    ///
    /// # Errors
    ///
    /// When a property has an unsupported value.
    pub fn configuration_sets(&self) -> Result<Vec<ConfigurationSet>, TemplateError> {
        let mut sets = Vec::new();
        for (id, _) in self.resources_of("AWS::SES::ConfigurationSet")? {
            let at = format!("Resources.{id}.Properties");
            sets.push(ConfigurationSet {
                name: self.physical_name(id, &at)?,
                events: Vec::new(),
            });
        }
        for (id, _) in self.resources_of("AWS::SES::ConfigurationSetEventDestination")? {
            let at = format!("Resources.{id}.Properties.EventDestination.MatchingEventTypes");
            let set = self.property(id, "ConfigurationSetName")?;
            let destination = self.property(id, "EventDestination")?;
            // Disabled is the default.
            let is_enabled = destination["Enabled"] == true || destination["Enabled"] == "true";
            let is_to_bus = destination["EventBridgeDestination"].is_object();
            let target = sets.iter_mut().find(|known| set == *known.name);
            if let Some(target) = target.filter(|_| is_enabled && is_to_bus) {
                let types = texts(&destination["MatchingEventTypes"], &at)?;
                // SES accepts both cases: `bounce` is the name in its older API.
                target
                    .events
                    .extend(types.iter().map(|name| name.to_ascii_uppercase()));
            }
        }
        Ok(sets)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_set_has_the_events_of_its_enabled_destinations() {
        let text = "
Conditions: {Never: !Equals [a, b]}
Resources:
  Named: {Type: 'AWS::SES::ConfigurationSet', Properties: {Name: mails}}
  Plain: {Type: 'AWS::SES::ConfigurationSet'}
  Absent: {Type: 'AWS::SES::ConfigurationSet', Condition: Never}
  ToBus:
    Type: AWS::SES::ConfigurationSetEventDestination
    Properties:
      ConfigurationSetName: !Ref Plain
      EventDestination:
        Enabled: true
        MatchingEventTypes: [BOUNCE, complaint]
        EventBridgeDestination: {EventBusArn: 'arn:aws:events:us-east-1:000000000000:event-bus/default'}
  Off:
    Type: AWS::SES::ConfigurationSetEventDestination
    Properties:
      ConfigurationSetName: !Ref Named
      EventDestination: {MatchingEventTypes: [BOUNCE], EventBridgeDestination: {EventBusArn: x}}
  ToTopic:
    Type: AWS::SES::ConfigurationSetEventDestination
    Properties:
      ConfigurationSetName: !Ref Named
      EventDestination: {Enabled: true, MatchingEventTypes: [BOUNCE], SnsDestination: {TopicARN: x}}
";
        let template = Template::parse(text, &BTreeMap::new()).unwrap();
        let sets = template.configuration_sets().unwrap();
        let expected = [
            ("mails", vec![]),
            ("sam-app-Plain", vec!["BOUNCE", "COMPLAINT"]),
        ];
        let expected = expected.map(|(name, events)| ConfigurationSet {
            name: name.to_owned(),
            events: events.into_iter().map(str::to_owned).collect(),
        });
        assert_eq!(sets, expected);
    }
}
