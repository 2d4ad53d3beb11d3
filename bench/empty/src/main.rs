//! A function that does nothing: what the others' start-up and size are compared with.

use lambda_http::{Error, run, service_fn};

// One thread, like the functions that are compared with it.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(async |_| Ok::<_, Error>(""))).await
}
