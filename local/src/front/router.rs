//! Finds the route of a request.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html>

use std::collections::BTreeMap;

use http::Method;
use sam_template::Route;

use super::percent;

/// The routes of the API, the most specific first.
#[derive(Debug)]
pub(crate) struct Router {
    patterns: Vec<Pattern>,
    default: Option<Route>,
}

/// The route of a request, and the parameters in its path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Match<'a> {
    pub(crate) route: &'a Route,
    pub(crate) parameters: BTreeMap<String, String>,
}

#[derive(Debug)]
struct Pattern {
    segments: Vec<Segment>,
    route: Route,
}

/// The order of the variants is the order of preference.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Static(String),
    Parameter(String),
    Greedy(String),
}

impl Router {
    pub(crate) fn new(routes: impl IntoIterator<Item = Route>) -> Self {
        let (defaults, routes): (Vec<_>, Vec<_>) =
            routes.into_iter().partition(|route| route.is_default);
        let mut patterns: Vec<_> = routes.into_iter().map(Pattern::new).collect();
        patterns.sort_by(|left, right| left.rank().cmp(&right.rank()));
        Self {
            patterns,
            default: defaults.into_iter().next(),
        }
    }

    /// Finds the route for `method` and the undecoded `path`.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Option<Match<'_>> {
        let has_method = |route: &Route| route.method == "ANY" || route.method == method.as_str();
        self.patterns
            .iter()
            .filter(|pattern| has_method(&pattern.route))
            .find_map(|pattern| {
                Some(Match {
                    route: &pattern.route,
                    parameters: pattern.parameters(path)?,
                })
            })
            .or_else(|| {
                self.default.as_ref().map(|route| Match {
                    route,
                    parameters: BTreeMap::new(),
                })
            })
    }
}

impl Pattern {
    fn new(route: Route) -> Self {
        let segments = segments(&route.path).map(Segment::parse).collect();
        Self { segments, route }
    }

    /// Returns the sort key: more specific paths first, then explicit methods before `ANY`.
    fn rank(&self) -> (&[Segment], bool) {
        (&self.segments, self.route.method == "ANY")
    }

    /// Returns the parameters of `path`, or `None` when the pattern does not match.
    fn parameters(&self, path: &str) -> Option<BTreeMap<String, String>> {
        let mut parameters = BTreeMap::new();
        let mut rest = path.strip_prefix('/')?;
        for (index, segment) in self.segments.iter().enumerate() {
            let is_last = index + 1 == self.segments.len();
            if let Segment::Greedy(name) = segment {
                let rest = percent::decode(rest);
                return (!rest.is_empty()).then(|| {
                    parameters.insert(name.clone(), rest);
                    parameters
                });
            }
            // Only the last segment may end the path.
            let (here, after) = match (rest.split_once('/'), is_last) {
                (Some(split), false) => split,
                (None, true) => (rest, ""),
                (Some(_), true) | (None, false) => return None,
            };
            match segment {
                Segment::Parameter(name) if !here.is_empty() => {
                    parameters.insert(name.clone(), percent::decode(here));
                }
                Segment::Static(text) if percent::decode(here) == *text => {}
                _ => return None,
            }
            rest = after;
        }
        Some(parameters)
    }
}

impl Segment {
    fn parse(segment: &str) -> Self {
        match segment
            .strip_prefix('{')
            .and_then(|segment| segment.strip_suffix('}'))
        {
            None => Self::Static(segment.to_owned()),
            Some(name) => match name.strip_suffix('+') {
                Some(name) => Self::Greedy(name.to_owned()),
                None => Self::Parameter(name.to_owned()),
            },
        }
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(keys: &[&str]) -> Router {
        Router::new(keys.iter().map(|key| {
            let (method, path) = key.split_once(' ').unwrap_or(("ANY", "$default"));
            Route {
                path: path.to_owned(),
                method: method.to_owned(),
                function: "F".to_owned(),
                is_default: path == "$default",
            }
        }))
    }

    fn find(router: &Router, method: &Method, path: &str) -> Option<String> {
        let found = router.find(method, path)?;
        let parameters: Vec<_> = found.parameters.into_values().collect();
        Some(
            [&[found.route.key()], parameters.as_slice()]
                .concat()
                .join(" "),
        )
    }

    /// The example of the developer guide, with variations.
    #[test]
    fn the_most_specific_route_matches() {
        let router = router(&[
            "$default",
            "ANY /{proxy+}",
            "GET /pets/{proxy+}",
            "GET /pets/dog/{id}",
            "GET /pets/dog/1",
            "ANY /pets/dog/2",
            "GET /pets/dog/2",
        ]);
        for (method, path, expected) in [
            (Method::GET, "/pets/dog/1", "GET /pets/dog/1"),
            (Method::GET, "/pets/dog/2", "GET /pets/dog/2"),
            (Method::PUT, "/pets/dog/2", "ANY /pets/dog/2"),
            (Method::GET, "/pets/dog/3", "GET /pets/dog/{id} 3"),
            (Method::GET, "/pets/cat/1", "GET /pets/{proxy+} cat/1"),
            (Method::POST, "/pets/dog/1", "ANY /{proxy+} pets/dog/1"),
            (Method::GET, "/pets/", "ANY /{proxy+} pets/"),
            (Method::GET, "/", "$default"),
        ] {
            assert_eq!(find(&router, &method, path).unwrap(), expected, "{path}");
        }
    }

    #[test]
    fn a_literal_segment_matches_before_a_parameter() {
        let router = router(&["GET /users/{id}", "GET /users/me", "GET /users"]);
        let find = |path| find(&router, &Method::GET, path);
        assert_eq!(find("/users/me").unwrap(), "GET /users/me");
        assert_eq!(find("/users/a%20b").unwrap(), "GET /users/{id} a b");
        assert_eq!(find("/users").unwrap(), "GET /users");
        assert_eq!(find("/users/"), None);
        assert_eq!(find("/users/a/b"), None);
        assert_eq!(find("/"), None);
    }

    #[test]
    fn a_method_without_a_route_does_not_match() {
        let router = router(&["GET /users"]);
        assert_eq!(find(&router, &Method::POST, "/users"), None);
        assert_eq!(find(&router, &Method::HEAD, "/users"), None);
    }

    #[test]
    fn the_root_can_be_a_route() {
        let router = router(&["GET /"]);
        assert_eq!(find(&router, &Method::GET, "/").unwrap(), "GET /");
        assert_eq!(find(&router, &Method::GET, "/a"), None);
    }
}
