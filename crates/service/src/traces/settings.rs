//! The standard's `OTEL_*` variables in, what to send where out; or nothing, when none names a
//! collector.

use std::{fs, str::FromStr, time::Duration};

use anyhow::{Context as _, bail, ensure};
use opentelemetry_sdk::trace::Sampler;
use percent_encoding::percent_decode_str;
use reqwest::{
    Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};

/// Where spans wait unless told otherwise, as in the standard.
const QUEUE_MAX: usize = 2_048;
const BATCH_MAX: usize = 512;
const DELAY_MS: u64 = 5_000;
const TIMEOUT_MS: u64 = 10_000;

/// Most spans that may be told to wait: about a gigabyte would be a million.
const QUEUE_MAX_MOST: usize = 65_536;

/// Longest delay or timeout, in milliseconds.
const MS_MOST: u64 = 600_000;

/// Whether and how traces are sent. The default is not to.
#[derive(Clone, Debug, Default)]
pub struct Settings(Option<Exported>);

/// How traces are sent.
#[derive(Clone, Debug)]
pub(super) struct Exported {
    pub(super) client: reqwest::Client,
    pub(super) endpoint: Url,
    /// Marked as sensitive, so that they are never printed.
    pub(super) headers: HeaderMap,
    pub(super) timeout: Duration,
    pub(super) gzip: bool,
    pub(super) sampler: Sampler,
    pub(super) service_name: Option<String>,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) queue_max: usize,
    pub(super) batch_max: usize,
    pub(super) delay: Duration,
}

impl Settings {
    /// Reads the variables of the process.
    ///
    /// # Errors
    ///
    /// When one cannot be used and a collector is named. The message names the variable, and has
    /// no value that may be secret.
    #[expect(clippy::disallowed_methods, reason = "part of a service's configuration")]
    pub fn from_env() -> anyhow::Result<Self> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// The same from what `variable` returns. Empty counts as unset, as in the standard.
    ///
    /// # Errors
    ///
    /// As [`Settings::from_env`].
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        let get = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let Some(endpoint) = endpoint(&get)? else { return Ok(Self(None)) };
        if flag("OTEL_SDK_DISABLED", &get)? || !exporter_is_otlp(&get)? {
            return Ok(Self(None));
        }
        refuse_unsupported(&get)?;
        let batch_max = number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", BATCH_MAX, QUEUE_MAX_MOST, &get)?;
        let queue_max = number("OTEL_BSP_MAX_QUEUE_SIZE", QUEUE_MAX, QUEUE_MAX_MOST, &get)?;
        let ms = |name: &str, unset| number(name, unset, MS_MOST, &get).map(Duration::from_millis);
        let (timeout, _given) = of_traces("TIMEOUT", &get);
        Ok(Self(Some(Exported {
            client: client(endpoint.scheme(), &get)?,
            endpoint,
            headers: headers(&get)?,
            timeout: ms(&timeout, TIMEOUT_MS)?,
            gzip: gzip(&get)?,
            sampler: sampler(&get)?,
            service_name: get("OTEL_SERVICE_NAME"),
            attributes: attributes(&get)?,
            queue_max,
            batch_max: batch_max.min(queue_max),
            delay: ms("OTEL_BSP_SCHEDULE_DELAY", DELAY_MS)?,
        })))
    }

    pub(super) fn exported(&self) -> Option<&Exported> {
        self.0.as_ref()
    }
}

type Found = Option<String>;

/// The variable for traces alone, or else the one for all signals; with its name.
fn of_traces(what: &str, get: &impl Fn(&str) -> Found) -> (String, Found) {
    let own = format!("OTEL_EXPORTER_OTLP_TRACES_{what}");
    let shared = format!("OTEL_EXPORTER_OTLP_{what}");
    match get(&own) {
        Some(value) => (own, Some(value)),
        None => (shared.clone(), get(&shared)),
    }
}

/// Where requests go: the address for traces as it is, or the one for all signals with the path
/// that the standard adds to it.
fn endpoint(get: &impl Fn(&str) -> Found) -> anyhow::Result<Option<Url>> {
    let (name, Some(text)) = of_traces("ENDPOINT", get) else { return Ok(None) };
    // The parser's own words are not passed on: they may quote a password.
    let url = Url::parse(text.trim()).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
    });
    let mut url = url.with_context(|| {
        format!("{name} must be like http://host:4318, without user and password")
    })?;
    if !name.contains("TRACES") {
        let path = format!("{}/v1/traces", url.path().trim_end_matches('/'));
        url.set_path(&path);
    }
    Ok(Some(url))
}

fn exporter_is_otlp(get: &impl Fn(&str) -> Found) -> anyhow::Result<bool> {
    match get("OTEL_TRACES_EXPORTER").as_deref().map(str::trim) {
        None | Some("otlp") => Ok(true),
        Some("none") => Ok(false),
        Some(other) => bail!("OTEL_TRACES_EXPORTER {other:?} is neither otlp nor none"),
    }
}

/// Refuses what would otherwise be ignored in silence.
fn refuse_unsupported(get: &impl Fn(&str) -> Found) -> anyhow::Result<()> {
    let (name, protocol) = of_traces("PROTOCOL", get);
    ensure!(
        protocol.as_deref().is_none_or(|protocol| protocol.trim() == "http/protobuf"),
        "{name} must be http/protobuf, the one protocol that is spoken here"
    );
    for what in ["CLIENT_KEY", "CLIENT_CERTIFICATE"] {
        let (name, given) = of_traces(what, get);
        ensure!(given.is_none(), "{name} is set, but certificates of clients are not supported");
    }
    Ok(())
}

fn client(scheme: &str, get: &impl Fn(&str) -> Found) -> anyhow::Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder()
        .user_agent("penstock")
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never()) // `send` repeats, and counts
        .no_proxy();
    let (name, file) = of_traces("CERTIFICATE", get);
    if let Some(file) = file.filter(|_| scheme == "https") {
        let pem = fs::read(&file).with_context(|| format!("read {name} {file}"))?;
        let authorities = reqwest::Certificate::from_pem_bundle(&pem)
            .ok()
            .filter(|authorities| !authorities.is_empty())
            .with_context(|| format!("{name} {file} holds no certificate in PEM format"))?;
        builder = builder.tls_certs_merge(authorities);
    }
    builder.build().context("make a client for traces")
}

/// `name=value` pairs with commas between them; values are percent-encoded.
fn headers(get: &impl Fn(&str) -> Found) -> anyhow::Result<HeaderMap> {
    let (variable, text) = of_traces("HEADERS", get);
    let mut headers = HeaderMap::new();
    for (name, value) in pairs(&variable, text.as_deref().unwrap_or_default())? {
        // Neither name nor value is printed: a name may be a misplaced secret too.
        let name = HeaderName::from_str(&name);
        let name = name.ok().with_context(|| format!("{variable} has a bad name of a header"))?;
        let value = HeaderValue::from_str(&value);
        let mut value =
            value.ok().with_context(|| format!("{variable} has a bad value of a header"))?;
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(headers)
}

fn attributes(get: &impl Fn(&str) -> Found) -> anyhow::Result<Vec<(String, String)>> {
    let name = "OTEL_RESOURCE_ATTRIBUTES";
    pairs(name, get(name).as_deref().unwrap_or_default())
}

fn pairs(variable: &str, text: &str) -> anyhow::Result<Vec<(String, String)>> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let pair = |part: &str| {
        let (name, value) = part.split_once('=')?;
        let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
        Some((name.trim().to_owned(), value.into_owned())).filter(|(name, _)| !name.is_empty())
    };
    let pairs: Option<Vec<_>> = parts.map(pair).collect();
    pairs.with_context(|| format!("{variable} must be like name=value,name=value"))
}

fn gzip(get: &impl Fn(&str) -> Found) -> anyhow::Result<bool> {
    let (name, compression) = of_traces("COMPRESSION", get);
    match compression.as_deref().map(str::trim) {
        None | Some("none") => Ok(false),
        Some("gzip") => Ok(true),
        Some(_) => bail!("{name} must be gzip or none"),
    }
}

fn sampler(get: &impl Fn(&str) -> Found) -> anyhow::Result<Sampler> {
    let parent_based = |root| Sampler::ParentBased(Box::new(root));
    let ratio = || {
        let name = "OTEL_TRACES_SAMPLER_ARG";
        let ratio = get(name).map_or(Ok(1.0), |text| text.trim().parse::<f64>());
        let ratio = ratio.ok().filter(|ratio| (0.0..=1.0).contains(ratio));
        let ratio = ratio.with_context(|| format!("{name} must be a number from 0 to 1"))?;
        anyhow::Ok(Sampler::TraceIdRatioBased(ratio))
    };
    let name = get("OTEL_TRACES_SAMPLER");
    match name.as_deref().map_or("parentbased_always_on", str::trim) {
        "always_on" => Ok(Sampler::AlwaysOn),
        "always_off" => Ok(Sampler::AlwaysOff),
        "traceidratio" => ratio(),
        "parentbased_always_on" => Ok(parent_based(Sampler::AlwaysOn)),
        "parentbased_always_off" => Ok(parent_based(Sampler::AlwaysOff)),
        "parentbased_traceidratio" => Ok(parent_based(ratio()?)),
        other => bail!(
            "OTEL_TRACES_SAMPLER {other:?} is none of always_on, always_off, traceidratio, and \
             the same with parentbased_ in front"
        ),
    }
}

fn flag(name: &str, get: &impl Fn(&str) -> Found) -> anyhow::Result<bool> {
    match get(name).map(|text| text.trim().to_ascii_lowercase()).as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => bail!("{name} must be true or false"),
    }
}

/// A number from 1 to `most`.
fn number<N>(name: &str, unset: N, most: N, get: &impl Fn(&str) -> Found) -> anyhow::Result<N>
where
    N: FromStr + PartialOrd + From<u8> + Copy + std::fmt::Display,
{
    let Some(text) = get(name) else { return Ok(unset) };
    let number = text.trim().parse::<N>().ok();
    let number = number.filter(|number| *number >= N::from(1) && *number <= most);
    number.with_context(|| format!("{name} must be a number from 1 to {most}"))
}

#[cfg(test)]
mod tests;
