use axum::extract::Request;
use http::{HeaderValue, Method, header};
use http_api::Problem;

/// All paths of the API with their methods, from template.yaml.
static ROUTES: &[(&str, &[&str])] = include!(concat!(env!("OUT_DIR"), "/routes.rs"));

/// The `$default` route: 405 for a path that has other methods, 404 for other paths. Without it, API Gateway would return
/// its own 404 for both.
pub async fn unmatched(request: Request) -> Problem {
    problem(request.method(), request.uri().path())
}

fn problem(method: &Method, path: &str) -> Problem {
    match allowed_methods(path) {
        methods if methods.is_empty() => Problem::not_found(),
        // The gateway was deployed without this route; otherwise it would not have sent the request here.
        methods if methods.contains(&method.as_str()) => Problem::not_found(),
        methods => {
            let allow = HeaderValue::try_from(methods.join(", "));
            Problem::method_not_allowed()
                .with_header(header::ALLOW, allow.unwrap_or(HeaderValue::from_static("")))
        }
    }
}

/// Returns the methods of the most specific path that matches: `/uploads/usage` has not those of `/uploads/{id}`.
fn allowed_methods(path: &str) -> Vec<&'static str> {
    let matching = ROUTES.iter().filter(|(route, _)| matches(route, path));
    let most_specific = matching.max_by_key(|(route, _)| specificity(route));
    let mut methods = most_specific.map_or_else(Vec::new, |(_, methods)| methods.to_vec());
    methods.sort_unstable();
    methods
}

/// Orders paths that match the same request: a literal segment is more specific than a parameter.
fn specificity(route: &str) -> Vec<bool> {
    let segments = route.split('/');
    segments.map(|segment| !segment.starts_with('{')).collect()
}

/// Compares segment by segment; `{name}` matches any one segment that is not empty.
fn matches(route: &str, path: &str) -> bool {
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
    fn a_route_that_the_gateway_lacks_is_not_found() {
        for (method, path, code) in [
            (Method::POST, "/signup", "not_found"),
            (Method::GET, "/signup", "method_not_allowed"),
            (Method::GET, "/nope", "not_found"),
        ] {
            assert_eq!(problem(&method, path).code(), code, "{method} {path}");
        }
    }

    #[test]
    fn the_methods_of_known_and_unknown_paths() {
        assert_eq!(allowed_methods("/signup"), ["POST"]);
        assert_eq!(allowed_methods("/users/me"), ["DELETE", "GET", "PATCH"]);
        assert_eq!(allowed_methods("/users/0190"), ["GET"]);
        assert_eq!(allowed_methods("/uploads/usage"), ["GET"]);
        assert_eq!(allowed_methods("/s3/multipart/0190/complete"), ["POST"]);
        assert_eq!(allowed_methods("/s3/multipart/0190/1"), ["GET"]);
        for unknown in ["/", "/signup/", "/users/", "/users/a/b", "//signup", ""] {
            assert_eq!(allowed_methods(unknown), [""; 0], "{unknown}");
        }
    }
}
