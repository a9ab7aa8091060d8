//! Settings with a wrong password in, whether Kafka refuses it for that reason out.

use std::time::Duration;

use anyhow::ensure;
use rdkafka::{
    ClientConfig,
    consumer::{BaseConsumer, Consumer as _},
    error::RDKafkaErrorCode,
};
use testkit::eventually;

/// Longest until the broker says no.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// Longest of one look.
const LOOK: Duration = Duration::from_millis(200);

pub(crate) async fn refused(config: &ClientConfig, account: &str) -> anyhow::Result<()> {
    let mut config = config.clone();
    let consumer: BaseConsumer = config.set("group.id", "nobody").create()?;
    let mut got_in = false;
    eventually("a wrong password is refused", ANSWER_WITHIN, async || {
        got_in |= consumer.fetch_metadata(None, LOOK).is_ok();
        let told = consumer.poll(LOOK).and_then(Result::err);
        got_in
            || told.and_then(|error| error.rdkafka_error_code())
                == Some(RDKafkaErrorCode::Authentication)
    })
    .await?;
    ensure!(!got_in, "{account} gets in with a wrong password");
    Ok(())
}
