use super::*;

fn guarded(service: Service) -> Guarded {
    Guarded {
        guard: Guard {
            bridge: Some(Ipv4Addr::new(172, 17, 0, 1)),
        },
        service,
    }
}

fn is_served(service: Service, host: &str) -> bool {
    guarded(service).check_host(host).is_ok()
}

#[test]
fn names_of_this_machine_are_served() {
    for host in [
        "127.0.0.1",
        "127.0.0.1:3000",
        "127.8.9.10:65535",
        "localhost",
        "LOCALHOST:1",
        "host.docker.internal:3001",
        "[::1]",
        "[::1]:3000",
        "172.17.0.1:3001",
    ] {
        assert!(is_served(Service::Engine, host), "{host}");
        assert!(is_served(Service::Api, host), "{host}");
    }
}

#[test]
fn names_of_other_machines_are_not_served() {
    for host in [
        "",
        "evil.example",
        "localhost.evil.example",
        "evil.localhost",
        "127.0.0.1.evil.example",
        "localhost.",
        "127.1",
        "0x7f.0.0.1",
        "2130706433",
        "0127.0.0.1",
        "0.0.0.0",
        "[::]",
        "[::2]:3000",
        "::1",
        "[::1",
        "[::1]x",
        "[::ffff:127.0.0.1]",
        "172.17.0.2",
        "192.168.1.2",
        "a@localhost",
        "localhost:",
        "localhost:x",
        "localhost:+80",
        "localhost:65536",
        "localhost:80:80",
        "localhost/",
        " localhost",
    ] {
        assert!(!is_served(Service::Engine, host), "{host}");
        assert!(!is_served(Service::Api, host), "{host}");
    }
}

#[test]
fn without_a_bridge_the_bridge_address_is_not_served() {
    assert!(!Guard::default().is_own_name("172.17.0.1"));
}

#[test]
fn only_the_object_store_serves_bucket_host_names() {
    let s3 = || Service::S3(vec!["files.localhost".to_owned()]);
    assert!(is_served(s3(), "files.localhost:3003"));
    assert!(is_served(s3(), "127.0.0.1:3003"));
    assert!(!is_served(s3(), "other.localhost:3003"));
    assert!(!is_served(s3(), "files.evil.example"));
    assert!(!is_served(Service::Engine, "files.localhost"));
}

#[test]
fn engines_refuse_requests_from_web_pages() {
    let check = |service: Service, method: Method, origin: Option<&'static str>| {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("127.0.0.1"));
        if let Some(origin) = origin {
            headers.insert(ORIGIN, HeaderValue::from_static(origin));
        }
        guarded(service).check(&method, &Uri::from_static("/"), &headers)
    };
    assert_eq!(check(Service::Engine, Method::POST, None), Ok(()));
    for origin in ["http://evil.example", "http://127.0.0.1:3000", "null", ""] {
        let refused = check(Service::Engine, Method::POST, Some(origin));
        assert_eq!(refused, Err(Refusal::Page), "{origin}");
        assert_eq!(check(Service::Api, Method::POST, Some(origin)), Ok(()));
    }
    assert_eq!(
        check(Service::Engine, Method::OPTIONS, None),
        Err(Refusal::Page)
    );
    assert_eq!(
        check(Service::S3(Vec::new()), Method::OPTIONS, None),
        Ok(())
    );
}

#[test]
fn the_request_target_and_all_host_headers_are_checked() {
    let check = |uri: &'static str, hosts: &[&'static str]| {
        let headers = hosts
            .iter()
            .map(|host| (HOST, HeaderValue::from_static(host)));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value);
        }
        guarded(Service::Api).check(&Method::GET, &Uri::from_static(uri), &map)
    };
    assert_eq!(check("/", &["localhost"]), Ok(()));
    assert_eq!(check("http://localhost/", &["localhost"]), Ok(()));
    assert!(check("http://evil.example/", &["localhost"]).is_err());
    assert!(check("http://localhost/", &["evil.example"]).is_err());
    assert!(check("/", &["localhost", "localhost"]).is_err());
    assert!(check("/", &[]).is_err());
}

#[test]
fn an_xml_refusal_escapes_its_message() {
    assert_eq!(
        xml("A", "<b> & c"),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Error><Code>A</Code><Message>&lt;b&gt; &amp; c</Message></Error>"
    );
}
