//! A function that does nothing: the baseline for the start-up time and size of the other functions.

use lambda_http::{Error, run, service_fn};

// One thread, as in the other functions.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(async |_| Ok::<_, Error>(""))).await
}
