//! The CORS configuration of the HTTP API.

use serde_json::Value;

use crate::{Template, TemplateError, resolve};

/// The CORS configuration. For an empty list, the header is not sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cors {
    /// Allowed origins such as `https://app.example.com`, or `*`.
    pub allow_origins: Vec<String>,
    /// Allowed methods, or `*`.
    pub allow_methods: Vec<String>,
    /// Allowed request headers, or `*`.
    pub allow_headers: Vec<String>,
    /// Response headers that scripts may read, or `*`.
    pub expose_headers: Vec<String>,
    /// How many seconds a browser may cache a preflight's response.
    pub max_age: Option<u32>,
    /// Whether requests may carry credentials.
    pub allow_credentials: bool,
}

impl Template {
    /// Returns the CORS configuration of the HTTP API, or `None`.
    ///
    /// # Errors
    ///
    /// When there are several HTTP APIs, or the configuration is not supported.
    pub fn cors(&self) -> Result<Option<Cors>, TemplateError> {
        let apis = self.resources_of("AWS::Serverless::HttpApi")?;
        let (id, api) = match apis.as_slice() {
            [] => ("ServerlessHttpApi", &Value::Null),
            [(id, api)] => (*id, *api),
            [_, (id, _), ..] => {
                return Err(TemplateError::at(
                    format!("Resources.{id}"),
                    "is a second HTTP API; only one is supported locally",
                ));
            }
        };
        let properties = self.properties("HttpApi", id, api)?;
        let at = format!("Resources.{id}.Properties.CorsConfiguration");
        let configuration = properties.get("CorsConfiguration").unwrap_or(&Value::Null);
        match self.resolve(configuration, &at)? {
            Value::Null | Value::Bool(false) => Ok(None),
            Value::Bool(true) => Ok(Some(Cors {
                allow_origins: vec!["*".to_owned()],
                ..Cors::default()
            })),
            configuration => read(&configuration, &at).map(Some),
        }
    }
}

fn read(configuration: &Value, at: &str) -> Result<Cors, TemplateError> {
    let texts = |name: &str| texts(&configuration[name], &format!("{at}.{name}"));
    let max_age = match &configuration["MaxAge"] {
        Value::Null => None,
        value => {
            let at = format!("{at}.MaxAge");
            let seconds = resolve::text(value, &at)?;
            let seconds = seconds.parse().map_err(|_| {
                TemplateError::at(at, format!("`{seconds}` is not a number of seconds"))
            })?;
            Some(seconds)
        }
    };
    Ok(Cors {
        allow_origins: texts("AllowOrigins")?,
        allow_methods: texts("AllowMethods")?,
        allow_headers: texts("AllowHeaders")?,
        expose_headers: texts("ExposeHeaders")?,
        max_age,
        allow_credentials: matches!(&configuration["AllowCredentials"], Value::Bool(true))
            || configuration["AllowCredentials"] == "true",
    })
}

pub(crate) fn texts(value: &Value, at: &str) -> Result<Vec<String>, TemplateError> {
    let values = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(values) => values.as_slice(),
        single => std::slice::from_ref(single),
    };
    let texts: Result<Vec<_>, _> = values
        .iter()
        .map(|value| resolve::text(value, at))
        .collect();
    // An empty `CommaDelimitedList` is one empty text.
    Ok(texts?.into_iter().filter(|text| !text.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn cors(text: &str) -> Option<Cors> {
        let text = format!(
            "Parameters: {{Origins: {{Type: CommaDelimitedList, Default: 'http://a,http://b'}}}}
{text}"
        );
        let template = Template::parse(&text, &BTreeMap::new()).unwrap();
        template.cors().unwrap()
    }

    #[test]
    fn the_configuration_is_read() {
        let cors = cors(
            "
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      CorsConfiguration:
        AllowOrigins: !Ref Origins
        AllowMethods: [GET, POST]
        AllowHeaders: [authorization]
        MaxAge: 600
",
        );
        assert_eq!(
            cors.unwrap(),
            Cors {
                allow_origins: vec!["http://a".to_owned(), "http://b".to_owned()],
                allow_methods: vec!["GET".to_owned(), "POST".to_owned()],
                allow_headers: vec!["authorization".to_owned()],
                expose_headers: Vec::new(),
                max_age: Some(600),
                allow_credentials: false,
            }
        );
    }

    #[test]
    fn the_origin_of_a_distribution_is_allowed_too() {
        let cors = cors(
            "
Resources:
  Page: {Type: 'AWS::CloudFront::Distribution'}
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      CorsConfiguration:
        AllowOrigins: !Split
          - ','
          - !Join [',', [!Join [',', !Ref Origins], !Sub 'https://${Page.DomainName}']]
",
        );
        assert_eq!(
            cors.unwrap().allow_origins,
            ["http://a", "http://b", "https://sam-app-page.invalid"]
        );
    }

    #[test]
    fn globals_configure_the_implicit_api() {
        assert_eq!(
            cors("Globals: {HttpApi: {CorsConfiguration: true}}")
                .unwrap()
                .allow_origins,
            ["*"]
        );
        assert_eq!(cors("Resources: {}"), None);
    }
}
