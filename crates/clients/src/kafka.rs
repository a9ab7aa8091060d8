//! Brokers, properties and secrets in, librdkafka's settings out.

use std::{collections::BTreeMap, fmt};

use anyhow::Context;
use rdkafka::ClientConfig;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, de};
use service::secrets::Secret;

/// Any further settings of librdkafka, by their names.
pub type Properties = BTreeMap<String, String>;

/// Password for SASL.
pub const SASL_PASSWORD: Secret =
    Secret { name: "KAFKA_SASL_PASSWORD", help: "librdkafka's `sasl.password`" };
/// Password of the private key for TLS.
pub const SSL_KEY_PASSWORD: Secret =
    Secret { name: "KAFKA_SSL_KEY_PASSWORD", help: "librdkafka's `ssl.key.password`" };
/// The secrets of a client of Kafka.
pub const SECRETS: &[Secret] = &[SASL_PASSWORD, SSL_KEY_PASSWORD];

/// Properties that hold a secret for which there is a variable.
const SECRET: &[(&str, Secret)] =
    &[("sasl.password", SASL_PASSWORD), ("ssl.key.password", SSL_KEY_PASSWORD)];

/// Properties that hold another secret or its name, each with the place where it belongs.
const SECRET_ELSEWHERE: &[(&str, &str)] = &[
    ("ssl.key.pem", "a file named by ssl.key.location"),
    ("ssl_key", "a file named by ssl.key.location"),
    ("ssl.keystore.password", "a PEM file named by ssl.key.location"),
    ("sasl.oauthbearer.client.secret", "a mechanism other than oauthbearer: not supported yet"),
];

/// Where Kafka is, and how it is reached: the section `[kafka]` of a service that adds nothing.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kafka {
    /// Bootstrap brokers, `host:port`, comma separated.
    pub brokers: String,
    /// Any other librdkafka setting.
    #[serde(default, deserialize_with = "properties")]
    pub properties: Properties,
}

/// Passwords for Kafka. Never printed.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// librdkafka's `sasl.password`.
    pub sasl_password: Option<SecretString>,
    /// librdkafka's `ssl.key.password`.
    pub ssl_key_password: Option<SecretString>,
}

/// What a service is to Kafka.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// What the names of its variables begin with: `SINK`.
    pub variables: &'static str,
    /// Its `client.id`, unless users set another one.
    pub client_id: &'static str,
    /// Properties that users may not set, each with the reason.
    pub owned: &'static [(&'static str, &'static str)],
}

/// What all clients of a service have in common.
#[derive(Clone, Copy, Debug)]
pub struct Connection<'a> {
    /// Whose clients they are.
    pub service: &'a Service,
    /// Bootstrap brokers, `host:port`, comma separated.
    pub brokers: &'a str,
    /// Any other librdkafka setting.
    pub properties: &'a Properties,
    /// Passwords.
    pub secrets: &'a Secrets,
}

/// Why a property cannot be set.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is the service's own.
    #[error("kafka.properties: {key} cannot be set: {reason}")]
    Owned {
        /// Its name.
        key: &'static str,
        /// Why users may not set it.
        reason: &'static str,
    },
    /// It would put a secret into a file that others may read.
    #[error("kafka.properties: {key} is a secret and belongs into {place}")]
    Secret {
        /// Its name.
        key: &'static str,
        /// The variable or file where it belongs.
        place: String,
    },
}

impl Kafka {
    /// What all clients of `service` have in common.
    #[must_use]
    pub fn connection<'a>(&'a self, service: &'a Service, secrets: &'a Secrets) -> Connection<'a> {
        Connection { service, brokers: &self.brokers, properties: &self.properties, secrets }
    }
}

impl Connection<'_> {
    /// Checks that users may set these properties, and that librdkafka takes them.
    ///
    /// # Errors
    ///
    /// As [`Connection::refuse_owned`] and [`Connection::refuse_unknown`].
    pub fn check(&self) -> anyhow::Result<()> {
        self.refuse_owned()?;
        self.refuse_unknown()
    }

    /// Checks that users may set these properties.
    ///
    /// # Errors
    ///
    /// For the first one that they may not set. Never shows a value.
    pub fn refuse_owned(&self) -> Result<(), Refused> {
        let set = |key: &str| self.properties.contains_key(key);
        if let Some((key, reason)) = self.service.owned.iter().find(|(key, _)| set(key)) {
            return Err(Refused::Owned { key, reason });
        }
        if let Some((key, secret)) = SECRET.iter().find(|(key, _)| set(key)) {
            let place = format!("{}_{}", self.service.variables, secret.name);
            return Err(Refused::Secret { key, place });
        }
        if let Some((key, place)) = SECRET_ELSEWHERE.iter().find(|(key, _)| set(key)) {
            return Err(Refused::Secret { key, place: (*place).to_owned() });
        }
        Ok(())
    }

    /// Checks that librdkafka knows these properties and takes their values: a typing error is
    /// told at the start, and not on every attempt to connect.
    ///
    /// # Errors
    ///
    /// With librdkafka's own words, which name the property.
    pub fn refuse_unknown(&self) -> anyhow::Result<()> {
        self.client().create_native_config().map(drop).context("kafka.properties")
    }

    /// Where the brokers are and who we are, for a client of any kind.
    #[must_use]
    pub fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        client
            .set("bootstrap.servers", self.brokers)
            .set("client.id", self.service.client_id)
            .set("socket.keepalive.enable", "true");
        for (key, value) in self.properties {
            client.set(key, value);
        }
        for (key, secret) in [
            ("sasl.password", &self.secrets.sasl_password),
            ("ssl.key.password", &self.secrets.ssl_key_password),
        ] {
            if let Some(secret) = secret {
                client.set(key, secret.expose_secret());
            }
        }
        client
    }
}

impl From<&service::secrets::Secrets> for Secrets {
    fn from(given: &service::secrets::Secrets) -> Self {
        Self {
            sasl_password: given.get(&SASL_PASSWORD),
            ssl_key_password: given.get(&SSL_KEY_PASSWORD),
        }
    }
}

/// Reads properties whose values are texts, whole numbers or switches: librdkafka takes texts, but
/// nobody quotes a number.
///
/// # Errors
///
/// For a value of any other kind.
pub fn properties<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Properties, D::Error> {
    let values = BTreeMap::<String, Value>::deserialize(deserializer)?;
    Ok(values.into_iter().map(|(key, value)| (key, value.0)).collect())
}

struct Value(String);

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor).map(Self)
    }
}

struct ValueVisitor;

impl de::Visitor<'_> for ValueVisitor {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a whole number, true or false")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<String, E> {
        Ok(value.to_owned())
    }
}

#[cfg(test)]
mod tests;
