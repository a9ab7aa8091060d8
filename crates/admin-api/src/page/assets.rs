//! The name of a file in, the file out, to be kept by browsers for ever.
//!
//! A part of the file's hash is in its name, so that a new version has a new address.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use service::problem::Problem;
use sha2::{Digest, Sha256};

/// A file of the page.
#[derive(Debug)]
struct Asset {
    /// `style.0123abcd.css`.
    name: String,
    kind: &'static str,
    contents: &'static str,
}

/// All of them. Made of constants, so that it is one itself.
static ASSETS: LazyLock<[Asset; 3]> = LazyLock::new(|| {
    [
        asset("style", "css", "text/css; charset=utf-8", include_str!("../../assets/style.css")),
        asset("live", "js", "text/javascript; charset=utf-8", include_str!("../../assets/live.js")),
        asset("icon", "svg", "image/svg+xml", include_str!("../../assets/icon.svg")),
    ]
});

fn asset(stem: &str, end: &str, kind: &'static str, contents: &'static str) -> Asset {
    let hash = Sha256::digest(contents);
    let hash: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Asset { name: format!("{stem}.{hash}.{end}"), kind, contents }
}

/// Addresses of style sheet, script and icon.
pub(super) fn addresses() -> [String; 3] {
    ASSETS.each_ref().map(|asset| format!("/assets/{}", asset.name))
}

/// `GET /assets/{file}`.
pub(super) async fn answer(Path(file): Path<String>) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == file) else {
        return Problem::new(StatusCode::NOT_FOUND, "no such file")
            .detail("the page is older than the server: reload it")
            .into_response();
    };
    let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
    let kind = HeaderValue::from_static(asset.kind);
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, forever)], asset.contents)
        .into_response()
}
