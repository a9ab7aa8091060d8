//! What was given to the compiler in, which build this is out.

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
