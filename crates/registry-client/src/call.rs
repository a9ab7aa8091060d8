//! One call in, its parsed answer out, after as many attempts as its time allows.

use std::{
    error::Error,
    time::{Duration, SystemTime},
};

use reqwest::{Method, Response, StatusCode, header};
use secrecy::ExposeSecret;
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use crate::{
    Auth, RegistryError, Settings, SettingsError,
    retry::{Backoff, retry_after},
    schema::ErrorAnswer,
};

/// The media type of the API. Apicurio answers with `application/json`, so both are accepted.
const CONTENT: &str = "application/vnd.schemaregistry.v1+json";
const ACCEPT: &str = "application/vnd.schemaregistry.v1+json, application/json";

/// Longest part of the registry's own words that an error repeats, in characters.
const MESSAGE_CHARS_MAX: usize = 300;

/// The codes that mean "there is no such thing": 40401 subject, 40402 version, 40403 schema,
/// 40404 to 40406 deleted, 40408 no configuration of its own.
const NOT_FOUND_CODES: std::ops::RangeInclusive<u32> = 40_401..=40_499;

/// Sends requests to one registry.
#[derive(Debug)]
pub(crate) struct Caller {
    http: reqwest::Client,
    base: Url,
    settings: Settings,
}

/// A request, and what it is called in errors.
#[derive(Debug)]
pub(crate) struct Call {
    what: String,
    method: Method,
    path: Vec<String>,
    query: &'static [(&'static str, &'static str)],
    body: Option<String>,
}

impl Call {
    /// Asks for a path. `what` says in words what is being done.
    pub(crate) fn get(what: impl Into<String>, path: &[&str]) -> Self {
        let path = path.iter().map(|segment| (*segment).to_owned()).collect();
        Self { what: what.into(), method: Method::GET, path, query: &[], body: None }
    }

    /// Sends `body` to a path.
    pub(crate) fn send(
        what: impl Into<String>,
        method: Method,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<Self, RegistryError> {
        let call = Self::get(what, path);
        match serde_json::to_string(body) {
            Ok(body) => Ok(Self { method, body: Some(body), ..call }),
            Err(_) => Err(call.limit("the request cannot be written as json".to_owned())),
        }
    }

    pub(crate) fn query(self, query: &'static [(&'static str, &'static str)]) -> Self {
        Self { query, ..self }
    }

    pub(crate) fn limit(&self, limit: String) -> RegistryError {
        RegistryError::Limit { what: self.what.clone(), limit }
    }
}

/// Why an attempt failed.
enum Failure {
    /// Another attempt may succeed, after this long if the registry said so.
    Passing { cause: String, after: Option<Duration> },
    /// No other attempt can.
    Lasting(RegistryError),
}

impl Failure {
    fn passing(cause: impl Into<String>) -> Self {
        Self::Passing { cause: cause.into(), after: None }
    }
}

impl Caller {
    pub(crate) fn new(settings: Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        Ok(Self { http: settings.http()?, base: settings.base()?, settings })
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// When a call that starts now must have its answer.
    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + Duration::from_millis(self.settings.total_ms_max)
    }

    /// Sends the call until it has an answer or `deadline` is too near for another attempt.
    pub(crate) async fn call<Answer: DeserializeOwned>(
        &self,
        call: &Call,
        deadline: Instant,
    ) -> Result<Answer, RegistryError> {
        let url = self.url(call)?;
        let request_max = Duration::from_millis(self.settings.timeout_ms);
        let wish_max = Duration::from_millis(self.settings.retry_after_ms_max);
        let mut backoff = Backoff::new();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let time = request_max.min(deadline.saturating_duration_since(Instant::now()));
            let attempt = timeout(time, self.attempt(call, url.clone())).await;
            let (cause, after) = match attempt {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(Failure::Lasting(error))) => return Err(error),
                Ok(Err(Failure::Passing { cause, after })) => (cause, after),
                Err(_) => (format!("no answer within {} ms", time.as_millis()), None),
            };
            let pause = backoff.pause().max(after.unwrap_or_default().min(wish_max));
            if Instant::now() + pause >= deadline {
                return Err(RegistryError::Unavailable {
                    what: call.what.clone(),
                    attempts,
                    cause,
                });
            }
            tracing::debug!(what = call.what, attempts, cause, "registry asked again");
            sleep(pause).await;
        }
    }

    /// Appends the call's path to the base URL, each segment escaped.
    fn url(&self, call: &Call) -> Result<Url, RegistryError> {
        let mut url = self.base.clone();
        if call.path.iter().any(|segment| matches!(segment.as_str(), "" | "." | "..")) {
            return Err(call.limit("a subject must not be empty, `.` or `..`".to_owned()));
        }
        match url.path_segments_mut() {
            Ok(mut segments) => drop(segments.pop_if_empty().extend(&call.path)),
            Err(()) => return Err(call.limit("the registry's url takes no path".to_owned())),
        }
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(call.query);
        }
        Ok(url)
    }

    async fn attempt<Answer: DeserializeOwned>(
        &self,
        call: &Call,
        url: Url,
    ) -> Result<Answer, Failure> {
        let mut request =
            self.http.request(call.method.clone(), url).header(header::ACCEPT, ACCEPT);
        request = match &self.settings.auth {
            Auth::None => request,
            Auth::Basic { user, password } => {
                request.basic_auth(user, Some(password.expose_secret()))
            }
            Auth::Bearer(token) => request.bearer_auth(token.expose_secret()),
        };
        if let Some(body) = &call.body {
            request = request.header(header::CONTENT_TYPE, CONTENT).body(body.clone());
        }
        let response = request.send().await.map_err(|error| Failure::passing(chain(error)))?;
        let status = response.status();
        let after = retry_after(response.headers(), SystemTime::now());
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            let what = call.what.clone();
            return Err(Failure::Lasting(RegistryError::Denied { what, status: status.as_u16() }));
        }
        let body = self.body(call, response).await?;
        if status.is_success() {
            // The error's text is left out: it may repeat what a foreign server sent.
            return serde_json::from_slice(&body)
                .map_err(|_| Failure::passing("the answer is not what a registry sends"));
        }
        Err(refusal(call, status, after, &body))
    }

    /// Reads the body up to the limit; what a header promises is not believed.
    async fn body(&self, call: &Call, mut response: Response) -> Result<Vec<u8>, Failure> {
        let max = self.settings.body_bytes_max;
        let mut body = Vec::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| Failure::passing(chain(error)))?
        {
            if body.len() + chunk.len() > max {
                let limit = format!("the answer is larger than body_bytes_max, {max} bytes");
                return Err(Failure::Lasting(call.limit(limit)));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// Judges an answer that is not a success.
fn refusal(call: &Call, status: StatusCode, after: Option<Duration>, body: &[u8]) -> Failure {
    let what = call.what.clone();
    let answer = serde_json::from_slice::<ErrorAnswer>(body).ok();
    let code = answer.as_ref().map_or(0, |answer| answer.error_code);
    let passing = status.is_server_error()
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
    if passing {
        return Failure::Passing { cause: format!("http status {}", status.as_u16()), after };
    }
    if NOT_FOUND_CODES.contains(&code) {
        return Failure::Lasting(RegistryError::NotFound { what, code });
    }
    match answer {
        // A proxy without a backend says 404 too, and so does any web server under a wrong path.
        Some(answer) if status.is_client_error() && status != StatusCode::NOT_FOUND => {
            let message = answer.message.chars().take(MESSAGE_CHARS_MAX).collect();
            let status = status.as_u16();
            Failure::Lasting(RegistryError::Rejected { what, status, code, message })
        }
        _ => Failure::passing(format!(
            "http status {} without a registry's error code: is this the registry's base url?",
            status.as_u16()
        )),
    }
}

/// Writes an error and its sources in one line, without the URL.
fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
