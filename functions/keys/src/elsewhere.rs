use axum::extract::Request;
use http::{HeaderValue, Method, header};
use http_api::Problem;

/// Every path of the API and its methods, from template.yaml.
static ROUTES: &[(&str, &[&str])] = include!(concat!(env!("OUT_DIR"), "/routes.rs"));

/// The `$default` route: 405 for a path that has other methods, 404 for everything else. Without it API Gateway would
/// answer with a 404 of its own kind to both.
pub async fn elsewhere(request: Request) -> Problem {
    answer(request.method(), request.uri().path())
}

fn answer(method: &Method, path: &str) -> Problem {
    match allowed(path) {
        methods if methods.is_empty() => Problem::not_found(),
        // Had the gateway this route, the request would not be here: it was deployed without it.
        methods if methods.contains(&method.as_str()) => Problem::not_found(),
        methods => {
            let allow = HeaderValue::try_from(methods.join(", "));
            Problem::method_not_allowed()
                .with(header::ALLOW, allow.unwrap_or(HeaderValue::from_static("")))
        }
    }
}

fn allowed(path: &str) -> Vec<&'static str> {
    let fitting = ROUTES.iter().filter(|(route, _)| fits(route, path));
    let mut methods: Vec<_> = fitting
        .flat_map(|(_, methods)| methods.iter().copied())
        .collect();
    methods.sort_unstable();
    methods.dedup();
    methods
}

/// Segment by segment; `{name}` fits any one segment that is not empty.
fn fits(route: &str, path: &str) -> bool {
    let (mut route, mut path) = (route.split('/'), path.split('/'));
    loop {
        match (route.next(), path.next()) {
            (None, None) => return true,
            (Some(pattern), Some(segment)) if pattern == segment => {}
            (Some(pattern), Some(segment)) if pattern.starts_with('{') && !segment.is_empty() => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_that_the_gateway_lacks_does_not_exist() {
        for (method, path, code) in [
            (Method::POST, "/signup", "not_found"),
            (Method::GET, "/signup", "method_not_allowed"),
            (Method::GET, "/nope", "not_found"),
        ] {
            assert_eq!(answer(&method, path).code(), code, "{method} {path}");
        }
    }

    #[test]
    fn a_known_path_tells_its_methods() {
        assert_eq!(allowed("/signup"), ["POST"]);
        assert_eq!(allowed("/users/me"), ["DELETE", "GET", "PATCH"]);
        assert_eq!(allowed("/users/0190"), ["GET"]);
        for nothing in ["/", "/signup/", "/users/", "/users/a/b", "//signup", ""] {
            assert_eq!(allowed(nothing), [""; 0], "{nothing}");
        }
    }
}
