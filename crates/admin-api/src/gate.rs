//! Every request in; refused, or with who it is of, further in; its answer, made safe, out.

use std::{net::SocketAddr, time::Duration};

use axum::{
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use service::problem::Problem;
use subtle::ConstantTimeEq as _;
use tokio::time::{Instant, timeout};

use crate::{
    auth::{Identity, Refused, Role},
    login, page,
    state::App,
    tls::Peer,
};

/// Bytes of an answer of axum's own that are repeated in a problem document.
const DETAIL_BYTES_MAX: usize = 1_024;

/// What is said to whoever sends a wrong token.
const UNKNOWN_TOKEN: &str =
    "this token is not known: the file set as auth.tokens_file has the hashes of those that are";

/// Headers of every answer. The page needs nothing but itself, and nobody may frame it.
const HEADERS: [(HeaderName, &str); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // Not no-referrer: forms would then be sent with `Origin: null`.
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// Outermost: headers, metrics.
pub(crate) async fn finish(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let route = response.extensions().get().map_or("none", |Matched(path)| path);
    app.metrics().answered(route, response.status(), started.elapsed());
    response
}

/// Was it meant for us, and who sends it? Puts an [`Identity`] into the request if it says so.
pub(crate) async fn admit(
    State(app): State<App>,
    ConnectInfo(Peer(from)): ConnectInfo<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let identity = match admitted(&app, from, request.uri(), request.headers()).await {
        Ok(identity) => identity,
        Err((reason, problem)) => {
            app.metrics().refused(reason);
            return refused(problem);
        }
    };
    if let Some(identity) = identity {
        request.extensions_mut().insert(identity);
    }
    next.run(request).await
}

async fn admitted(
    app: &App,
    from: SocketAddr,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Option<Identity>, (&'static str, Problem)> {
    meant_for_us(app, uri, headers)?;
    let token = bearer(headers).map_err(|detail| ("credentials", unauthorized().detail(detail)))?;
    let identity = match token {
        Some(token) => match app.auth().by_token(token, from.ip()).await {
            Ok(identity) => Some(identity),
            Err(Refused::Unknown) => {
                return Err(("token", unauthorized().detail(UNKNOWN_TOKEN)));
            }
            Err(Refused::TooMany) => return Err(("attempts", too_many_attempts())),
        },
        None => login::cookie(headers).and_then(|cookie| app.auth().by_session(cookie)),
    };
    if let Some(identity) = &identity
        && let Err(wait) = app.auth().within_rate(&identity.name)
    {
        let detail = format!(
            "at most {} requests per second; wait {} ms",
            app.config().limits.requests_per_s_max,
            wait.as_millis() + 1
        );
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many requests");
        return Err(("rate", problem.detail(detail)));
    }
    Ok(identity)
}

fn meant_for_us(app: &App, uri: &Uri, headers: &HeaderMap) -> Result<(), (&'static str, Problem)> {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str());
    let host = match text(header::HOST) {
        Some(host) => host.ok(),
        None => uri.authority().map(|authority| authority.as_str()),
    };
    if !host.is_some_and(|host| app.hosts().allows_host(host)) {
        let problem = Problem::new(StatusCode::MISDIRECTED_REQUEST, "not a host of this service")
            .detail("the Host header is not one of this machine's names nor in allowed_hosts");
        return Err(("host", problem));
    }
    let origin = text(header::ORIGIN);
    if origin.is_some_and(|origin| !origin.is_ok_and(|origin| app.hosts().allows_origin(origin))) {
        let problem = Problem::new(StatusCode::FORBIDDEN, "not from this site")
            .detail("the Origin header is not that of this service's own page");
        return Err(("origin", problem));
    }
    Ok(())
}

/// The token of an `Authorization` header; `None` without one.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, &'static str> {
    const EXPECTED: &str = "expected `authorization: Bearer TOKEN`";
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let (scheme, token) =
        value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(EXPECTED)?;
    let token = token.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        return Err(EXPECTED);
    }
    Ok(Some(token))
}

fn unauthorized() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "not authenticated")
}

fn too_many_attempts() -> Problem {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many attempts")
        .detail("too many wrong tokens came from this address: wait a moment")
}

/// A refusal with the headers that belong to its status.
fn refused(problem: Problem) -> Response {
    let status = problem.status();
    let mut response = problem.into_response();
    let header = match status {
        StatusCode::UNAUTHORIZED => (header::WWW_AUTHENTICATE, "Bearer"),
        StatusCode::TOO_MANY_REQUESTS => (header::RETRY_AFTER, "1"),
        _ => return response,
    };
    response.headers_mut().insert(header.0, HeaderValue::from_static(header.1));
    response
}

/// What one route asks for.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    pub(crate) app: App,
    /// Its path with placeholders.
    pub(crate) path: &'static str,
    pub(crate) role: Role,
    /// Whether it is a page, for people.
    pub(crate) page: bool,
    /// Milliseconds for one request.
    pub(crate) ms_max: u64,
}

/// The path of the route that answered, with its placeholders.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matched(pub(crate) &'static str);

/// Innermost: may they, and are they answered in time? A page's refusals are pages.
pub(crate) async fn require(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let identity = request.extensions().get::<Identity>().cloned();
    if guard.page && guard.role > Role::Public && identity.is_none() {
        return login::redirect(request.uri());
    }
    let answer = async {
        match permitted(&guard, identity.as_ref(), request).await {
            Ok(request) => next.run(request).await,
            Err(problem) => refused(problem),
        }
    };
    // Until the answer begins: a stream may go on.
    let answer = timeout(Duration::from_millis(guard.ms_max), answer).await;
    let response = answer.unwrap_or_else(|_| {
        Problem::new(StatusCode::GATEWAY_TIMEOUT, "not answered in time")
            .detail(format!("this request may take {} ms", guard.ms_max))
            .into_response()
    });
    let mut response = match response.extensions().get::<Problem>() {
        Some(problem) if guard.page => page::error(problem, identity.as_ref()),
        _ => response,
    };
    response.extensions_mut().insert(Matched(guard.path));
    response
}

async fn permitted(
    guard: &Guard,
    identity: Option<&Identity>,
    request: Request,
) -> Result<Request, Problem> {
    if guard.role == Role::Public {
        return Ok(request);
    }
    let Some(identity) = identity else {
        return Err(unauthorized().detail("send `authorization: Bearer TOKEN`"));
    };
    if identity.role < guard.role {
        guard.app.metrics().refused("role");
        return Err(Problem::new(StatusCode::FORBIDDEN, "not permitted").detail(format!(
            "this needs the role {}, and {} has the role {}",
            guard.role.as_str(),
            identity.name,
            identity.role.as_str()
        )));
    }
    match &identity.csrf {
        Some(csrf) if !request.method().is_safe() => {
            with_csrf(csrf, request, guard.app.config().limits.body_bytes_max.get()).await
        }
        _ => Ok(request),
    }
}

/// A browser sends the cookie along wherever a request comes from: only our own page knows this.
async fn with_csrf(csrf: &str, request: Request, bytes_max: usize) -> Result<Request, Problem> {
    let refusal = || {
        Problem::new(StatusCode::FORBIDDEN, "not from this page")
            .detail("the form's csrf field or the x-csrf-token header is missing or out of date")
    };
    let same = |found: &str| bool::from(found.as_bytes().ct_eq(csrf.as_bytes()));
    if let Some(found) = request.headers().get("x-csrf-token") {
        let same = found.to_str().is_ok_and(same);
        return if same { Ok(request) } else { Err(refusal()) };
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, bytes_max).await.map_err(|_| {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body too large")
            .detail(bytes_allowed(bytes_max))
    })?;
    let mut fields = url::form_urlencoded::parse(&body);
    if fields.any(|(name, value)| name == "csrf" && same(&value)) {
        return Ok(Request::from_parts(parts, Body::from(body)));
    }
    Err(refusal())
}

/// Turns the plain answers of axum's own extractors into problem documents.
pub(crate) async fn as_problem(State(app): State<App>, request: Request, next: Next) -> Response {
    let head = request.method() == Method::HEAD;
    let response = next.run(request).await;
    let status = response.status();
    let failed = status.is_client_error() || status.is_server_error();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let plain = kind.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !failed || !plain || head {
        return response;
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, DETAIL_BYTES_MAX).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&body);
    let mut problem = Problem::new(status, title(status));
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        problem = problem.detail(bytes_allowed(app.config().limits.body_bytes_max.get()));
    } else if !text.trim().is_empty() {
        problem = problem.detail(lower_first(text.trim()));
    }
    let mut response = problem.into_response();
    if let Some(allow) = parts.headers.get(header::ALLOW) {
        response.headers_mut().insert(header::ALLOW, allow.clone());
    }
    response
}

fn bytes_allowed(bytes_max: usize) -> String {
    format!("a body may have {bytes_max} bytes, set as limits.body_bytes_max")
}

fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "bad request",
        StatusCode::NOT_FOUND => "not found",
        StatusCode::METHOD_NOT_ALLOWED => "method not allowed",
        StatusCode::PAYLOAD_TOO_LARGE => "body too large",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "content type not supported",
        StatusCode::UNPROCESSABLE_ENTITY => "content not understood",
        _ => "not done",
    }
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}
