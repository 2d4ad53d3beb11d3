//! Buckets and access points.

use serde_json::Value;

use crate::{Template, TemplateError, cors::texts, resolve};

/// One `AWS::S3::Bucket`.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// The logical id, for example `UploadsBucket`.
    pub logical_id: String,
    /// The physical name.
    pub name: String,
    /// Whether versioning is enabled.
    pub versioned: bool,
    /// Whether Object Lock is enabled.
    pub object_lock: bool,
    /// Whether the bucket sends events to `EventBridge`.
    pub events: bool,
    /// The CORS rules. The first rule that matches applies.
    pub cors: Vec<CorsRule>,
}

/// One rule of a bucket's CORS configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CorsRule {
    /// Allowed origins; each can contain one `*`.
    pub allowed_origins: Vec<String>,
    /// Allowed methods in upper case.
    pub allowed_methods: Vec<String>,
    /// Allowed request headers; each can contain one `*`.
    pub allowed_headers: Vec<String>,
    /// Response headers that scripts may read.
    pub exposed_headers: Vec<String>,
    /// How many seconds a browser may cache a preflight's response.
    pub max_age: Option<u32>,
}

/// One `AWS::S3::AccessPoint`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessPoint {
    /// The physical name.
    pub name: String,
    /// The alias, which can be used as a bucket name in requests.
    pub alias: String,
    /// The name of its bucket.
    pub bucket: String,
}

impl Template {
    /// Returns the buckets, sorted by logical id.
    ///
    /// # Errors
    ///
    /// When a property has an unsupported value.
    pub fn buckets(&self) -> Result<Vec<Bucket>, TemplateError> {
        self.resources_of("AWS::S3::Bucket")?
            .into_iter()
            .map(|(id, resource)| self.bucket(id, resource))
            .collect()
    }

    /// Returns the access points, sorted by logical id.
    ///
    /// # Errors
    ///
    /// When one refers to a bucket that is not in the template.
    pub fn access_points(&self) -> Result<Vec<AccessPoint>, TemplateError> {
        let buckets = self.buckets()?;
        let mut found = Vec::new();
        for (id, resource) in self.resources_of("AWS::S3::AccessPoint")? {
            let at = format!("Resources.{id}.Properties");
            let bucket = self.resolve_text(&resource["Properties"]["Bucket"], &at)?;
            if !buckets.iter().any(|known| known.name == bucket) {
                return Err(TemplateError::at(
                    format!("{at}.Bucket"),
                    format!("`{bucket}` is not a bucket of this template"),
                ));
            }
            found.push(AccessPoint {
                name: self.physical_name(id, &at)?,
                alias: self.attribute(id, "Alias", &at)?,
                bucket,
            });
        }
        Ok(found)
    }

    fn bucket(&self, id: &str, resource: &Value) -> Result<Bucket, TemplateError> {
        let at = format!("Resources.{id}.Properties");
        let property = |name: &str| {
            let at = format!("{at}.{name}");
            self.resolve(&resource["Properties"][name], &at)
        };
        let object_lock = is_true(&property("ObjectLockEnabled")?);
        let events = &property("NotificationConfiguration")?["EventBridgeConfiguration"];
        Ok(Bucket {
            logical_id: id.to_owned(),
            name: self.physical_name(id, &at)?,
            // A lock needs versions, so S3 turns them on with it.
            versioned: object_lock || property("VersioningConfiguration")?["Status"] == "Enabled",
            object_lock,
            events: events.is_object() && !is_false(&events["EventBridgeEnabled"]),
            cors: cors_rules(&property("CorsConfiguration")?, &at)?,
        })
    }
}

fn is_true(value: &Value) -> bool {
    *value == true || *value == "true"
}

fn is_false(value: &Value) -> bool {
    *value == false || *value == "false"
}

fn cors_rules(configuration: &Value, at: &str) -> Result<Vec<CorsRule>, TemplateError> {
    let rules = configuration["CorsRules"].as_array().into_iter().flatten();
    rules
        .enumerate()
        .map(|(index, rule)| {
            let at = format!("{at}.CorsConfiguration.CorsRules.{index}");
            let texts = |name: &str| texts(&rule[name], &format!("{at}.{name}"));
            Ok(CorsRule {
                allowed_origins: texts("AllowedOrigins")?,
                allowed_methods: texts("AllowedMethods")?,
                allowed_headers: texts("AllowedHeaders")?,
                exposed_headers: texts("ExposedHeaders")?,
                max_age: max_age(&rule["MaxAge"], &at)?,
            })
        })
        .collect()
}

fn max_age(value: &Value, at: &str) -> Result<Option<u32>, TemplateError> {
    if value.is_null() {
        return Ok(None);
    }
    let at = format!("{at}.MaxAge");
    let seconds = resolve::text(value, &at)?;
    match seconds.parse() {
        Ok(seconds) => Ok(Some(seconds)),
        Err(_) => Err(TemplateError::at(
            at,
            format!("`{seconds}` is not a number of seconds"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const TEMPLATE: &str = "
Parameters: {Origins: {Type: CommaDelimitedList, Default: 'http://a,http://b'}}
Resources:
  Files:
    Type: AWS::S3::Bucket
    Properties:
      ObjectLockEnabled: true
      NotificationConfiguration: {EventBridgeConfiguration: {EventBridgeEnabled: true}}
      CorsConfiguration:
        CorsRules:
          - AllowedOrigins: !Ref Origins
            AllowedMethods: [PUT]
            AllowedHeaders: ['x-amz-*']
            ExposedHeaders: [ETag]
            MaxAge: 60
  Plain: {Type: 'AWS::S3::Bucket', Properties: {BucketName: plain}}
  Door: {Type: 'AWS::S3::AccessPoint', Properties: {Name: door, Bucket: !Ref Files}}
";

    #[test]
    fn buckets_are_read() {
        let template = Template::parse(TEMPLATE, &BTreeMap::new()).unwrap();
        let buckets = template.buckets().unwrap();
        let [files, plain] = buckets.as_slice() else {
            panic!("two buckets")
        };
        assert_eq!(files.name, "sam-app-files");
        assert!(files.versioned && files.object_lock && files.events);
        assert_eq!(
            files.cors,
            [CorsRule {
                allowed_origins: vec!["http://a".to_owned(), "http://b".to_owned()],
                allowed_methods: vec!["PUT".to_owned()],
                allowed_headers: vec!["x-amz-*".to_owned()],
                exposed_headers: vec!["ETag".to_owned()],
                max_age: Some(60),
            }]
        );
        assert_eq!(plain.name, "plain");
        assert!(!plain.versioned && !plain.object_lock && !plain.events);
        let [door] = &template.access_points().unwrap()[..] else {
            panic!("one access point")
        };
        assert_eq!(door.alias, "door-s3alias");
        assert_eq!(door.bucket, "sam-app-files");
    }

    #[test]
    fn an_access_point_has_a_bucket() {
        let text = TEMPLATE.replace("Bucket: !Ref Files", "Bucket: elsewhere");
        let template = Template::parse(&text, &BTreeMap::new()).unwrap();
        assert_eq!(
            template.access_points().unwrap_err().to_string(),
            "Resources.Door.Properties.Bucket: `elsewhere` is not a bucket of this template"
        );
    }
}
