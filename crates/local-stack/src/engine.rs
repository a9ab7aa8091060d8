//! Path of the engine library and its options in, a ClickHouse server that runs until it is told
//! to stop out.
//!
//! The library is the whole ClickHouse in the shape of `clickhouse local`: one call that runs
//! SQL. The SQL opens the listeners and then sleeps, so the call returns only on a failure or
//! when somebody kills that query, which is how an orderly stop is asked for.

use std::{
    ffi::{CStr, CString, OsString, c_char, c_int, c_void},
    io::Write as _,
    os::unix::ffi::OsStringExt as _,
    process::ExitCode,
};

/// The hidden subcommand.
pub(crate) const COMMAND: &str = "__clickhouse-engine";

/// A comment in the sleeping query by which the stopping side finds it.
pub(crate) const SERVE_MARK: &str = "penstock serves";

/// Opens the listeners, then sleeps for ever in naps short enough for a prompt stop.
const SERVE: &str = "--query=SYSTEM START LISTEN HTTP; SYSTEM START LISTEN TCP; \
     SELECT /* penstock serves */ sleepEachRow(0.25) FROM numbers(1000000000000) \
     SETTINGS function_sleep_max_microseconds_per_block = 100000000000000, \
     max_block_size = 1, max_threads = 1 FORMAT Null";

/// The library's answer (`local_result_v2` of its header).
#[repr(C)]
struct LocalResult {
    buf: *mut c_char,
    len: usize,
    vec: *mut c_void,
    elapsed: f64,
    rows_read: u64,
    bytes_read: u64,
    error_message: *mut c_char,
}

type Query = unsafe extern "C" fn(c_int, *const *const c_char) -> *mut LocalResult;

/// Serves until the process is told to stop.
///
/// Returns failure in every case: the library reports some failed starts without a message, so
/// a return says nothing by itself, and whoever asked for the stop knows that it did.
pub(crate) fn run(args: impl Iterator<Item = OsString>) -> ExitCode {
    let mut args = args;
    let Some(library) = args.next() else { return failed("the engine library is not named") };
    let mut options = vec![CString::from(c"clickhouse")];
    for option in args.chain([OsString::from(SERVE)]) {
        match CString::new(option.into_vec()) {
            Ok(option) => options.push(option),
            Err(_) => return failed("an option holds a NUL byte"),
        }
    }
    let pointers: Vec<*const c_char> = options.iter().map(|option| option.as_ptr()).collect();
    let Ok(count) = c_int::try_from(pointers.len()) else { return failed("too many options") };

    // SAFETY: the library is the pinned one from our own cache; its initializers expect nothing
    // but a process with no other ClickHouse in it, and this process does nothing else.
    let loaded = match unsafe { libloading::Library::new(library) } {
        Ok(loaded) => loaded,
        Err(error) => return failed(&format!("the engine library cannot be loaded: {error}")),
    };
    // SAFETY: the pinned version exports `query_stable_v2` with exactly this signature.
    let query = match unsafe { loaded.get::<Query>(c"query_stable_v2") } {
        Ok(query) => query,
        Err(error) => return failed(&format!("the engine library is not the right one: {error}")),
    };
    // SAFETY: `pointers` holds `count` valid C strings, which outlive the call.
    let result = unsafe { query(count, pointers.as_ptr()) };
    // SAFETY: the answer is null or points to a result that nobody frees before the process ends.
    let message = unsafe { result.as_ref() }.map(|result| result.error_message);
    if let Some(message) = message.filter(|message| !message.is_null()) {
        // SAFETY: a message that is not null is a C string with the lifetime of its result.
        let text = unsafe { CStr::from_ptr(message) };
        report(&text.to_string_lossy());
    }
    // The engine's threads may still run: its code must never be unmapped.
    std::mem::forget(loaded);
    failed("the engine has ended: somebody stopped it, or it said above why")
}

fn failed(message: &str) -> ExitCode {
    report(message);
    ExitCode::FAILURE
}

fn report(message: &str) {
    // Nobody is left to tell when even standard error is gone.
    drop(writeln!(std::io::stderr(), "{message}"));
}
