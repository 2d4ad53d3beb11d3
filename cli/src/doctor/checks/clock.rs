use domain::Clock;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc2822};

use super::super::{Doctor, Finding};
use crate::aws::{Http, Request};

const CHECK: &str = "clock";

/// AWS refuses requests whose time differs by more than this.
const REFUSED: Duration = Duration::minutes(5);
/// From this difference on, the clock needs attention: it is probably not synchronized.
const SUSPICIOUS: Duration = Duration::seconds(30);
const FIX: &str = "Synchronize the clock of this machine: sudo timedatectl set-ntp true";

/// Compares this machine's clock with that of Parameter Store's endpoint.
pub(in crate::doctor) async fn check(doctor: &Doctor) -> Vec<Finding> {
    let (_, endpoint) = doctor.connection.ssm();
    let url = if endpoint.contains("://") {
        endpoint
    } else {
        format!("https://{endpoint}")
    };
    vec![compare(&doctor.http, &url, &doctor.clock).await]
}

async fn compare(http: &Http, url: &str, clock: &Clock) -> Finding {
    // An unsigned request: the answer is an error with a date.
    let response = match http.send(Request::new("GET", format!("{url}/"))).await {
        Ok(response) => response,
        Err(error) => {
            let text = format!("{url} cannot be reached: {error}");
            return Finding::problem(CHECK, text, "Check the network and --region");
        }
    };
    let date = response.header("date").unwrap_or_default();
    // HTTP writes the zone as GMT, which RFC 2822 also accepts.
    let Ok(date) = OffsetDateTime::parse(date, &Rfc2822) else {
        return Finding::not_checked(CHECK, format!("{url} sends no date"));
    };
    rate(clock.now() - date)
}

fn rate(difference: Duration) -> Finding {
    let direction = if difference.is_negative() {
        "behind"
    } else {
        "ahead"
    };
    let size = difference.abs();
    let text = format!(
        "this machine's clock is {} s {direction} of AWS",
        size.whole_seconds()
    );
    if size > REFUSED {
        let text = format!("{text}, and AWS refuses requests from 300 s on");
        return Finding::problem(CHECK, text, FIX);
    }
    if size > SUSPICIOUS {
        return Finding::warning(CHECK, text, FIX);
    }
    Finding::ok(CHECK, text)
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::TcpListener,
        thread,
    };

    use super::{super::super::report::Status, *};

    /// Starts a server that sends this date with one response, and returns its URL.
    fn server(date: &'static str) -> String {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let response = format!(
                "HTTP/1.1 404 Not Found\r\n{date}content-length: 0\r\nconnection: close\r\n\r\n"
            );
            stream.write_all(response.as_bytes()).unwrap();
        });
        url
    }

    async fn compared(date: &'static str) -> Finding {
        let now = time::macros::datetime!(2026-03-01 12:10:00 UTC);
        compare(&Http::new(), &server(date), &Clock::fixed(now)).await
    }

    #[tokio::test]
    async fn a_clock_that_is_off_is_a_problem() {
        let finding = compared("Date: Sun, 01 Mar 2026 12:00:00 GMT\r\n").await;
        assert_eq!(finding.status, Status::Problem);
        assert!(finding.text.contains("600 s ahead"), "{finding:?}");
        assert_eq!(finding.fix.as_deref(), Some(FIX));
        let finding = compared("Date: Sun, 01 Mar 2026 12:11:00 GMT\r\n").await;
        assert_eq!(finding.status, Status::Warning);
        assert!(finding.text.contains("60 s behind"), "{finding:?}");
        let finding = compared("Date: Sun, 01 Mar 2026 12:10:01 GMT\r\n").await;
        assert_eq!(finding.status, Status::Ok);
    }

    #[tokio::test]
    async fn without_a_date_or_a_server_the_clock_is_not_ok() {
        assert_eq!(compared("").await.status, Status::NotChecked);
        let unused = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", unused.local_addr().unwrap());
        drop(unused);
        let finding = compare(&Http::new(), &url, &Clock::system()).await;
        assert_eq!(finding.status, Status::Problem);
    }
}
