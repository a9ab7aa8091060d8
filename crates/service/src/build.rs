//! What was given to the compiler in, which build this is out.

use std::sync::LazyLock;

use prometheus::{IntGauge, Opts, Registry};

/// The version that this was built as: `PENSTOCK_VERSION` at compile time.
pub const VERSION: &str = match option_env!("PENSTOCK_VERSION") {
    Some(version) => version,
    None => "unreleased",
};

/// The commit that this was built from: `PENSTOCK_REVISION` at compile time.
pub const REVISION: &str = match option_env!("PENSTOCK_REVISION") {
    Some(revision) => revision,
    None => "unknown",
};

/// Version and commit, as `--version` tells them: `0.1.0 (4f0c2d1)`.
#[must_use]
pub fn version() -> &'static str {
    static BOTH: LazyLock<String> = LazyLock::new(|| format!("{VERSION} ({REVISION})"));
    &BOTH
}

/// Registers `penstock_build_info`, whose labels say which build is running.
///
/// # Errors
///
/// When it is registered already.
pub fn register(registry: &Registry) -> Result<(), prometheus::Error> {
    let info = IntGauge::with_opts(
        Opts::new("penstock_build_info", "1; its labels say which build this is")
            .const_label("version", VERSION)
            .const_label("revision", REVISION),
    )?;
    info.set(1);
    registry.register(Box::new(info))
}
