use std::ffi::OsString;

use super::prerequisites;
use crate::{Environment, Error, Part, Settings};

#[test]
fn what_is_missing_is_named_and_what_is_cached_needs_no_tool() {
    let data = tempfile::tempdir().unwrap();
    let mut settings = Settings::new(data.path());
    settings.environment = Environment { path: OsString::new(), ..Environment::default() };
    settings.cache_dir = data.path().join("cache");
    let missing = prerequisites(&settings).unwrap_err();
    assert!(matches!(missing, Error::NoJava { .. }), "{missing}");

    settings.parts = vec![Part::ClickHouse];
    let missing = prerequisites(&settings).unwrap_err();
    assert!(matches!(missing, Error::ToolMissing { tool: "npm", .. }), "{missing}");

    let recipe = crate::packages::Recipe::of(Part::ClickHouse).unwrap();
    std::fs::create_dir_all(settings.cache_dir.join(recipe.folder_name())).unwrap();
    prerequisites(&settings).unwrap();
}
