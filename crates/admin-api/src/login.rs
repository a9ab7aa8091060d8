//! A token or one-time code in, the page's cookie out.

use axum::{
    body::Bytes,
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::post,
};
use service::problem::Problem;
use url::form_urlencoded;

use crate::{
    auth::{Refused, Role},
    routes::Route,
    state::App,
    tls::Peer,
};

/// Name of the cookie.
const COOKIE: &str = "penstock_session";
/// Longest path that a login leads back to, in bytes.
const NEXT_BYTES_MAX: usize = 2_048;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::page(Method::POST, "/login", Role::Public, || post(login)),
        Route::page(Method::POST, "/logout", Role::Viewer, || post(logout)),
    ]
}

/// The session's cookie among the headers.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == COOKIE).then_some(value))
}

/// Sends somebody who has not logged in to where they can, and back afterwards.
pub(crate) fn redirect(wanted: &Uri) -> Response {
    let next = wanted.path_and_query().map_or("/", |path| path.as_str());
    see_other(&to_login(next, false))
}

async fn login(
    State(app): State<App>,
    ConnectInfo(Peer(from)): ConnectInfo<Peer>,
    body: Bytes,
) -> Result<Response, Problem> {
    let field = |wanted: &str| {
        form_urlencoded::parse(&body)
            .find(|(name, value)| name == wanted && !value.is_empty())
            .map(|(_, value)| value.trim().to_owned())
    };
    let next = field("next").filter(|next| is_path_of_ours(next)).unwrap_or_else(|| "/".to_owned());
    let begun = match (field("token"), field("code")) {
        (Some(token), _) => app.auth().login(&token, from.ip()).await,
        (None, Some(code)) => app.auth().login_once(&code, from.ip()).await,
        (None, None) => return Ok(see_other(&to_login(&next, true))),
    };
    match begun {
        Ok(cookie) => {
            let seconds = app.config().auth.session_ms.get() / 1_000;
            Ok(with_cookie(&app, &cookie, seconds, &next))
        }
        Err(Refused::Unknown) => {
            app.metrics().refused("login");
            Ok(see_other(&to_login(&next, true)))
        }
        Err(Refused::TooMany) => {
            app.metrics().refused("attempts");
            Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many attempts")
                .detail("too many wrong tokens came from this address: wait a moment"))
        }
    }
}

async fn logout(State(app): State<App>, headers: HeaderMap) -> Response {
    if let Some(cookie) = cookie(&headers) {
        app.auth().logout(cookie);
    }
    with_cookie(&app, "", 0, "/login")
}

fn with_cookie(app: &App, value: &str, seconds: u64, next: &str) -> Response {
    let secure = if app.config().auth.cookie_secure { "; Secure" } else { "" };
    let cookie =
        format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    let mut response = see_other(next);
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

fn to_login(next: &str, failed: bool) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if failed {
        query.append_pair("failed", "1");
    }
    if is_path_of_ours(next) && next != "/" {
        query.append_pair("next", next);
    }
    let query = query.finish();
    if query.is_empty() { "/login".to_owned() } else { format!("/login?{query}") }
}

/// A path on this server: browsers read `//host` and `/\host` as another one.
fn is_path_of_ours(path: &str) -> bool {
    path.len() <= NEXT_BYTES_MAX
        && path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

fn see_other(to: &str) -> Response {
    let to = HeaderValue::try_from(to).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}

#[cfg(test)]
mod tests;
