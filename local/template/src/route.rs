//! The routes of the HTTP API, from the `HttpApi` events of the functions.

use serde_json::Value;

use crate::{Function, Template, TemplateError};

/// One route of the HTTP API.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// The path with its parameters, for example `/users/{id}`; `$default` for the default route.
    pub path: String,
    /// The method in upper case, or `ANY`.
    pub method: String,
    /// The logical id of its function.
    pub function: String,
    /// Whether this is `$default`, which matches all requests without another route.
    pub is_default: bool,
}

impl Route {
    /// Returns the route key of API Gateway, for example `GET /users/{id}`.
    #[must_use]
    pub fn key(&self) -> String {
        if self.is_default {
            "$default".to_owned()
        } else {
            format!("{} {}", self.method, self.path)
        }
    }
}

impl Template {
    /// Returns the routes of all functions, sorted by path and method.
    ///
    /// # Errors
    ///
    /// When a function or an event is not supported, or two functions have the same route.
    pub fn routes(&self) -> Result<Vec<Route>, TemplateError> {
        let mut routes = Vec::new();
        for (id, resource) in self.resources_of(Function::KIND)? {
            let properties = self.properties("Function", id, resource)?;
            let events = properties.get("Events").unwrap_or(&Value::Null);
            routes.extend(self.routes_of(id, events)?);
        }
        routes.sort();
        for pair in routes.windows(2) {
            if pair[0].key() == pair[1].key() {
                return Err(TemplateError::at(
                    format!("Resources.{}.Properties.Events", pair[1].function),
                    format!(
                        "`{}` is already a route of {}",
                        pair[1].key(),
                        pair[0].function
                    ),
                ));
            }
        }
        Ok(routes)
    }

    pub(crate) fn routes_of(&self, id: &str, events: &Value) -> Result<Vec<Route>, TemplateError> {
        let mut routes = Vec::new();
        for (name, event) in events.as_object().into_iter().flatten() {
            if event["Type"] == "HttpApi" {
                let at = format!("Resources.{id}.Properties.Events.{name}");
                let event = self.resolve(&event["Properties"], &at)?;
                routes.push(route(id, &event, &at)?);
            }
        }
        Ok(routes)
    }
}

fn route(function: &str, event: &Value, at: &str) -> Result<Route, TemplateError> {
    let path = event["Path"].as_str();
    let method = event["Method"].as_str();
    let is_default = matches!(path, None | Some("$default"));
    let path = path.unwrap_or("$default");
    let method = match method {
        None if !is_default => return Err(TemplateError::at(at, "has a Path but no Method")),
        Some(_) if event["Path"].is_null() => {
            return Err(TemplateError::at(at, "has a Method but no Path"));
        }
        None => "ANY".to_owned(),
        Some(method) => match method.to_ascii_uppercase() {
            // SAM takes both spellings.
            any if any == "X-AMAZON-APIGATEWAY-ANY-METHOD" => "ANY".to_owned(),
            method => method,
        },
    };
    if !is_default && !path.starts_with('/') {
        return Err(TemplateError::at(
            format!("{at}.Path"),
            format!("`{path}` does not start with /"),
        ));
    }
    Ok(Route {
        path: path.to_owned(),
        method,
        function: function.to_owned(),
        is_default,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn routes(events: &str) -> Result<Vec<String>, String> {
        let text = format!(
            "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Events: {events}\n"
        );
        let template = Template::parse(&text, &BTreeMap::new()).unwrap();
        let routes = template.routes().map_err(|error| error.to_string())?;
        Ok(routes.iter().map(Route::key).collect())
    }

    #[test]
    fn events_become_route_keys() {
        assert_eq!(
            routes(
                "{A: {Type: HttpApi, Properties: {Path: /users, Method: get}},
                  B: {Type: HttpApi, Properties: {Path: '/{proxy+}', Method: ANY}},
                  C: {Type: HttpApi},
                  D: {Type: Schedule, Properties: {Schedule: rate(1 day)}}}"
            )
            .unwrap(),
            ["$default", "GET /users", "ANY /{proxy+}"]
        );
    }

    #[test]
    fn a_half_written_event_is_an_error() {
        assert_eq!(
            routes("{A: {Type: HttpApi, Properties: {Path: /users}}}").unwrap_err(),
            "Resources.F.Properties.Events.A: has a Path but no Method"
        );
        assert_eq!(
            routes("{A: {Type: HttpApi, Properties: {Path: users, Method: GET}}}").unwrap_err(),
            "Resources.F.Properties.Events.A.Path: `users` does not start with /"
        );
    }

    #[test]
    fn a_route_has_one_function() {
        let twice = "{A: {Type: HttpApi, Properties: {Path: /a, Method: GET}},
                      B: {Type: HttpApi, Properties: {Path: /a, Method: get}}}";
        assert_eq!(
            routes(twice).unwrap_err(),
            "Resources.F.Properties.Events: `GET /a` is already a route of F"
        );
    }
}
