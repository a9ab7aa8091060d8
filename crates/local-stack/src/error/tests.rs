use std::io::{Error as IoError, ErrorKind};

use super::{Error, io_error};

#[test]
fn a_full_disk_is_called_that_and_other_errors_keep_their_cause() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    let full = io_error("write", &file)(IoError::from(ErrorKind::StorageFull));
    assert!(matches!(&full, Error::DiskFull { folder: at, .. } if at == folder.path()), "{full}");
    let other = io_error("write", &file)(IoError::from(ErrorKind::PermissionDenied)).to_string();
    assert!(other.starts_with("could not write /") && other.contains("permission"), "{other}");
}
